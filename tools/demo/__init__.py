"""The raw logs of `soc demo`: one day at eight institutions, invented from a fixed seed.

    python -m tools.demo                       writes soc/data/demo/logs/
    python -m tools.demo --ordinary FOLDER     writes the day without its five incidents, for tests

Formats are those of the vendors' documentation, named in each module; addresses are of RFC 5737 and RFC 3849, names of RFC 2606.
The same seed gives the same bytes on every machine, so a change of this folder shows as a change of the logs.
"""
