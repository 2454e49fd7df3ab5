"""Templates from strangers: every known way to burn memory or time, or to get out, ends at once with an error."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from fairloom.problems import FairloomError

LONG = "1, " * 150
ATTACKS = {
    "range": "{% for a in range(10**9) %}x{% endfor %}",
    "recursive loop": "{% for a in [[1]] recursive %}{{ loop(a) }}{% endfor %}",
    "macro recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "parentheses": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "nested blocks": "{% if city %}" * 900 + "{% endif %}" * 900,
    "long text": "{{ 'a' * 10**9 }}",
    "power": "{{ 10 ** 10 ** 8 }}",
    "percent": "{{ '%1000000000d' % 1 }}",
    "format filter": "{{ '%1000000000d'|format(1) }}",
    "format method": "{{ '{:1000000000}'.format(1) }}",
    "center": "{{ 'a'|center(1000000000) }}",
    "indent": "{{ 'a'|indent(1000000000) }}",
    "batch": "{{ [1]|batch(1000000000, 'x')|list }}",
    "slice": "{{ [1]|slice(1000000000)|list }}",
    "zfill": "{{ 'a'.zfill(1000000000) }}",
    "ljust": "{{ 'a'.ljust(1000000000) }}",
    "expandtabs": "{{ '\t'.expandtabs(1000000000) }}",
    "replace": "{{ city" + "|replace('', 'xxxxxxxxxx')" * 12 + " }}",
    "replace in logic": "{% set a = 'x' %}" + "{% set a = a|replace('x', 'xxxxxxxxxx') %}" * 12 + "{{ a }}",
    "join": "{{ ['a'] * 10**9 | join('b') }}",
    "nested loops": f"{{% for a in [{LONG}] %}}{{% for b in [{LONG}] %}}{{% for c in [{LONG}] %}}x"
    + "{% endfor %}" * 3,
    "silent loops": f"{{% for a in [{LONG}] %}}{{% for b in [{LONG}] %}}{{% for c in [{LONG}] %}}" + "{% endfor %}" * 3,
    "lipsum": "{{ lipsum(n=1000000) }}",
    "namespace": "{% set n = namespace(a='x') %}{% for i in [1,2] %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "doubling": "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "doubling of lists": "{% set a = [1] %}{% set b = [1] %}"
    + "{% set a = [a, a] %}{% set b = [b, b] %}" * 60
    + "{{ 1 if a == b }}",
    "long search": f"{{% for a in [{LONG}] %}}{{% for b in [{LONG}] %}}{{{{ '' if 2 in numbers }}}}"
    + "{% endfor %}" * 2,
    "wordwrap": "{{ 'a b'|wordwrap(1, true, 'x' * 10**9) }}",
    "urlize": "{{ 'www.a.b '|urlize(10**9) }}",
    "list": "{{ [0] * 10**9 }}",
    "many slots": "{{ long }}" * 1900,
    "slots in a loop": f"{{% for a in [{LONG}] %}}{{% for b in [{LONG}] %}}{{{{ long }}}}{{% endfor %}}{{% endfor %}}",
    "class": "{{ ''.__class__.__mro__ }}",
    "globals": "{{ cycler.__init__.__globals__ }}",
    "attr": "{{ ''|attr('format') }}",
    "dunder of a factor": "{{ city.__class__ }}",
    "subscript": "{{ city['__class__']['__mro__'] }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "extends": "{% extends 'x' %}",
    "huge number": "{{ " + "9" * 6000 + " }}",
    "huge number in another base": "{{ 0x" + "f" * 15000 + " }}",
    "huge negative number": "{{ -0x" + "f" * 15000 + " }}",
    "huge subscript": "{{ city[0x" + "f" * 15000 + "] }}",
    "long template": "a" * 30_000,
}


def attack(loom, name):
    others = {"city": ["Oslo"], "long": ["l" * 15_000], "numbers": [{"value": [1] * 10_000}]}
    with pytest.raises(FairloomError) as caught:
        loom([ATTACKS[name]], others).rows(template=[0] * 500, city=[0], long=[0], numbers=[0])
    return str(caught.value)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_at_once_with_one_clear_error(loom, name):
    start = time.process_time()
    said = attack(loom, name)
    assert time.process_time() - start < 0.5
    assert "template 't0', column 'text'" in said
    assert len(said) < 2_000


@pytest.mark.parametrize("name", ["replace", "replace in logic", "nested loops", "doubling", "many slots"])
def test_an_attack_that_reads_well_takes_no_memory_either(loom, name):
    tracemalloc.start()
    attack(loom, name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64_000_000
