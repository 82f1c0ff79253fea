"""The whole stack: what runs beside what, and whether the machine is fit for it."""
