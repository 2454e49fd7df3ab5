"""Run by a Python that has gguf and xllamacpp: make a tiny model with random weights and serve it with llama.cpp.

``python serve_llama.py FOLDER PORT`` prints ``ready`` and serves until it is killed. What the model says is noise; that
the server keeps it to a grammar is not.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

WIDTH, HIDDEN, LAYERS, HEADS = 64, 128, 2, 4
CHAT = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"


def byte_words() -> list[str]:
    """The 256 characters that byte-level BPE writes bytes with."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    shown = {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}
    return [shown[byte] for byte in range(256)]


def write(path: Path) -> None:
    """A random two-layer llama with one token per byte."""
    words = [*byte_words(), "Ġa", "Ġb", "<s>", "</s>", "<pad>"]
    made = gguf.GGUFWriter(str(path), "llama")
    made.add_context_length(2048)
    made.add_embedding_length(WIDTH)
    made.add_block_count(LAYERS)
    made.add_feed_forward_length(HIDDEN)
    made.add_head_count(HEADS)
    made.add_head_count_kv(HEADS)
    made.add_layer_norm_rms_eps(1e-5)
    made.add_rope_dimension_count(WIDTH // HEADS)
    made.add_vocab_size(len(words))
    made.add_tokenizer_model("gpt2")
    made.add_tokenizer_pre("gpt-2")
    made.add_token_list(words)
    kinds = [gguf.TokenType.NORMAL] * 258 + [gguf.TokenType.CONTROL] * 3
    made.add_token_types([int(kind) for kind in kinds])
    made.add_token_merges(["Ġ a", "Ġ b"])
    made.add_bos_token_id(258)
    made.add_eos_token_id(259)
    made.add_pad_token_id(260)
    made.add_chat_template(CHAT)
    draw = np.random.Generator(np.random.Philox(7))

    def tensor(name: str, *shape: int) -> None:
        value = np.ones(shape) if len(shape) == 1 else draw.normal(0, 0.2, shape)
        made.add_tensor(name, value.astype(np.float32))

    tensor("token_embd.weight", len(words), WIDTH)
    tensor("output_norm.weight", WIDTH)
    tensor("output.weight", len(words), WIDTH)
    for layer in range(LAYERS):
        for name, shape in {
            "attn_norm": (WIDTH,),
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (WIDTH, WIDTH),
            "attn_v": (WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_norm": (WIDTH,),
            "ffn_gate": (HIDDEN, WIDTH),
            "ffn_up": (HIDDEN, WIDTH),
            "ffn_down": (WIDTH, HIDDEN),
        }.items():
            tensor(f"blk.{layer}.{name}.weight", *shape)
    made.write_header_to_file()
    made.write_kv_data_to_file()
    made.write_tensors_to_file()
    made.close()


def main() -> None:
    """Write and serve."""
    path = Path(sys.argv[1]) / "tiny.gguf"
    write(path)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx = 4096
    settings.n_parallel = 2
    settings.n_threads_http = 32  # each open connection keeps one for five seconds
    settings.n_gpu_layers = 0
    settings.cpuparams.n_threads = 1
    settings.hostnames = ["127.0.0.1"]
    settings.port = int(sys.argv[2])
    server = xllamacpp.Server(settings)
    print("ready", flush=True)  # noqa: T201 - whoever started us waits for it
    while server:
        time.sleep(60)


if __name__ == "__main__":
    main()
