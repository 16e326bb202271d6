"""What a line means: the kit that parsers are written with. Parsers import this package and what lies under it, nothing else."""

from soc.fields import Field
from soc.parsing.parser import ANY, Clock, Dataset, Parser, Record, Stream

__all__ = ["ANY", "Clock", "Dataset", "Field", "Parser", "Record", "Stream"]
