"""Systems that a trust check must tell from honest ones."""
