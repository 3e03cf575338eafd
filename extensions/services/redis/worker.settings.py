    # Keep what tasks return for a day, so that whoever sent them can fetch it.
    keep_results: bool = False
