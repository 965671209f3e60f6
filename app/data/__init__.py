"""The app's only door to the engine. No streamlit here, no torch."""
