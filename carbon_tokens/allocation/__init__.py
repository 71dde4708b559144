"""Who causes what: a facility's energy and emissions allocated to its customers, and each share provable.

method  Google's published allocation method step by step, in exact fractions: the text made executable
fleet   the same method in integers over tables, from machine-hours to customers, at any size
pages   how results are shown, as HTML or PDF
shares  the result as a Merkle-sum tree, whose root goes on chain and whose leaves customers can prove
"""
