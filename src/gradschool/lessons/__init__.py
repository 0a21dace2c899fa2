"""What the lessons show: figures, clinics of faulty agents, experiments, and how training is drawn while it runs."""
