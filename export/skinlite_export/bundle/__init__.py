"""The bundle folder: its files, golden vectors, kits for apps, signature."""
