"""Events at rest: one contract (`soc.store.base`), two engines."""
