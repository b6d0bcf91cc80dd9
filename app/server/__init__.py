"""The server's side of a connection: uvicorn's protocol with limits, and how the process serves."""
