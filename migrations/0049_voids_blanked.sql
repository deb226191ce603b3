-- custom: why a slip is void is blanked with its book, when the holder is erased
GRANT UPDATE (reason) ON slips.voids TO commonhours_service;
