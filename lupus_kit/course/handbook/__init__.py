"""The course without a server: executed notebooks and the reference as one linked site, with the sheet of the journal club."""
