"""Five mistakes that mypy must find."""

import bellwether as bw

bw.bootstrap("prices", sample=10)
bw.bootstrap("prices", samples="many")
bw.bootstrap("prices", sort="yes")
bw.growth().bound.upper()
bw.growth_shocks(grid="many")
