"""The engine: trains, measures, stores. It never imports streamlit and never imports app."""

__version__ = "0.12.0"
