"""The demo: a cast with printed passwords, and six weeks of their business, told through the real acts."""
