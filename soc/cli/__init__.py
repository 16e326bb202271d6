"""The command line: one module per noun, verbs thin. The clock is read here and nowhere else.

    call        what every command has
    intake      lines become events
    rules       rules, and what they have not searched yet
    cases       alerts and cases
    hunts       questions about events
    upkeep      the store is kept in order
    operate     an installation as a whole
    begin       from nothing to a first case
    main        the entry point; it loads a noun when it is called

Each room imports those above it alone.
"""
