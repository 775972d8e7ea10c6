"""CPU work that must be killable: jobs in a few child processes, with a time limit each."""
