"""Data sets as users have them: folders, tables, archives, spellings."""
