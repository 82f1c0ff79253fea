"""From a file that nobody described to a source YAML: what each column most likely means, and how sure that is.

names (what a column is called) + profile, times, sentiment (what it holds) -> choose (what it means) -> proposal ->
write (the YAML). Pure: frames and strings in, frozen values out. Files are read in trimtab.cli.survey.
"""
