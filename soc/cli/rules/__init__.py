"""Rules, and what they have not searched yet: `rule`, `detect`.

proof       raw lines beside a rule that must raise it, or must not
blind       rules that run and cannot see
rule        `soc rule`
watch       detection in indices that soc does not write
restored    a store that was put back from a backup
detect      `soc detect`
"""
