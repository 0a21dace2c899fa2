"""The judge: questions out, replies in, one report. It knows no notebook and no gradebook."""
