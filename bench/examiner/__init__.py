"""The examiner on published suites of faulty agents: RLMutation, DRLinter, the taxonomy of real faults, muPRL.

Every row is a program re-created here, in PyTorch and in our own words, with the right program beside it.
`make bench-examiner` examines both and prints the table of docs/examiner-benchmarks.md.
"""
