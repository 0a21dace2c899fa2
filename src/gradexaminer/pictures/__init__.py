"""Where the gradient goes in an update, and where a finding lies on its way: as lines of text and as SVG."""
