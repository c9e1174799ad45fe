"""What a durable command has written, on the worker's disk until its master has it and says so.

`records`  one record as bytes      `writer`  appends, and ends with a whole final record or none
`reader`   from any record on       `layout`  which file is where      `meta`  what is to be run      `tombs`  what was
"""
