-- custom: when a member is erased, nothing is left of who stood by whom
GRANT DELETE ON supporters.supports TO commonhours_service;
