"""Properties that hold on every engine."""

from __future__ import annotations

from hypothesis import Phase, given, settings

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # each example makes a store: shrinking would take minutes


def law(examples, **drawn):
    """The test of an `engine` over so many examples; a cluster gets a third of them, since its stores take a second to make."""

    def decorate(test):
        def on(engine):
            def example(**found):
                test(engine, **found)

            number = examples if engine.is_quick else max(1, examples // 3)
            settings(max_examples=number, deadline=None, phases=NO_SHRINKING)(given(**drawn)(example))()

        on.__name__, on.__doc__ = test.__name__, test.__doc__
        return on

    return decorate
