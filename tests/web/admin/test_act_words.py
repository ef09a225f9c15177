"""Every act of the audit log has words on the operator's pages."""

import re

from portal.web.admin import act_words
from tests.rules import tree

ACT = re.compile(r"""act=["']([a-z_.]+)["'](?: if [\w. ]+ else ["']([a-z_.]+)["'])?""")


def test_every_act_of_the_audit_log_has_words():
    sources = [path.read_text() for path in tree.files("portal") if path.suffix == ".py"]
    acts = {act for source in sources for found in ACT.findall(source) for act in found if act}

    assert len(acts) > 30
    assert acts - set(act_words.ACTS) == set()
