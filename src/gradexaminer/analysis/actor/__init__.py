"""How actors learn: continuous ones through the critic's action, discrete policies, and SAC's temperature."""
