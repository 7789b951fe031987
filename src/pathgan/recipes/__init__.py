"""How one family of models trains, and how its trained network is applied."""
