"""The course without a server: executed notebooks and the reference as one linked site, and two sheets for a journal club."""
