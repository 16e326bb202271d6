"""The batch register of a store that several machines write.

register_rows    its rows as the nouns of `soc.model`
register_order   which batch may follow which
register         the register
"""
