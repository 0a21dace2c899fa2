"""The judge: it sends questions, gets replies and makes one report. It knows no notebook and no gradebook."""
