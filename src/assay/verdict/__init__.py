"""From facts and a policy to an explained origin, lane and band. Pure functions."""
