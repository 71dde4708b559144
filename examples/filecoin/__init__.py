"""Filecoin's storage nodes, a data center whose facts are public: what of their energy can be proven, and what not.

The Filecoin project published, node by node, an upper bound of the electricity of a period, the renewable energy
certificates that it planned to redeem for it, and the redemption statements of the registry. ``python -m
examples.filecoin --data FOLDER --factors FILE`` takes these files as they are: it issues the certificates of every
statement once, retires them for the node and period that they were redeemed for, lets the contracts compute each net,
and says of every Wh whether it is proven and, if not, why.

    published   the files, read with named errors           planning    what can be issued, retired and claimed
    recording   the plan on a chain                         outcome     figures by node, checked to add up
    pictures    the bars                                    shown       the table
"""
