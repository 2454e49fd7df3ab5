"""The calls of ``benchmarks/llm.py`` by other programs, each in a Python of its own that has it.

Started by ``benchmarks/llm.py --beside data-designer=/path/to/python``; needs nothing of fairloom. One text per row and
one call per text; the server takes the time.
"""

import sys
import tempfile

PLACES = 64


def data_designer(url: str, calls: int) -> None:
    """NVIDIA NeMo Data Designer (``data-designer``)."""
    import data_designer.config as dd  # noqa: PLC0415 - one of several
    from data_designer.interface import DataDesigner  # noqa: PLC0415

    model = dd.ModelConfig(
        alias="m",
        model="m",
        provider="here",
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=PLACES),
    )
    provider = dd.ModelProvider(name="here", endpoint=url, provider_type="openai", api_key="none")
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    numbers = dd.UniformSamplerParams(low=0, high=1e9)
    builder.add_column(dd.SamplerColumnConfig(name="number", sampler_type=dd.SamplerType.UNIFORM, params=numbers))
    builder.add_column(dd.LLMTextColumnConfig(name="text", model_alias="m", prompt="question {{ number }}"))
    with tempfile.TemporaryDirectory() as folder:
        designer = DataDesigner(artifact_path=folder, model_providers=[provider])
        made = designer.create(builder, num_records=calls)
        assert len(made.load_dataset()) == calls


def distilabel(url: str, calls: int) -> None:
    """Argilla distilabel (``distilabel[openai]`` and ``requests``), its model alone: all prompts in one batch."""
    from distilabel.models import OpenAILLM  # noqa: PLC0415

    model = OpenAILLM(model="m", base_url=url, api_key="none")
    model.load()
    inputs = [[{"role": "user", "content": f"question {number}"}] for number in range(calls)]
    outputs = model.generate(inputs=inputs)
    assert all(output["generations"][0] for output in outputs)


if __name__ == "__main__":
    name, url, calls = sys.argv[1:]
    {"data-designer": data_designer, "distilabel": distilabel}[name](url, int(calls))
