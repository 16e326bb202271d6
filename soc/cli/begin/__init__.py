"""From nothing to a first case.

init          `soc init`
try_          `soc try`
tried         what `soc try` has found, as it is printed
demo          `soc demo`
demo_folder   the folder of the demo
"""
