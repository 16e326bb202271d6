"""From nothing to a first case.

made          the store, made where it is missing
init          `soc init`
trials        what a trial makes elsewhere than in its folder
try_          `soc try`
tried         what `soc try` has found, as it is printed
demo          `soc demo`
demo_folder   the folder of the demo
"""
