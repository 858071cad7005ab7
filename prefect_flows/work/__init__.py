"""How the work of a flow is cut into tasks, run, limited, and accounted for."""
