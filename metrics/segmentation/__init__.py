"""How far a resegmentation of long form can be trusted."""
