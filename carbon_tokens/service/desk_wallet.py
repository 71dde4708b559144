"""What wallet.js says, in the language of the page: it finds the words in the page, and has the English ones itself."""

from __future__ import annotations

import json

from carbon_tokens.service.languages import ENGLISH, later, spoken

WORDS = (
    later("The wallet's chain does not have this node's contracts: it is another chain of the same number."),
    later("The wallet says: %(words)s"),
    later("The wallet is on another chain; asking it to change to chain %(number)s."),
    later("You declined to change to chain %(number)s. Nothing was signed or sent."),
    later("The wallet does not know chain %(number)s: add it there first."),
    later("The wallet is still on another chain than %(number)s."),
    later("Choose another account in the wallet."),
    later("The wallet's account is %(account)s; this is for %(sender)s."),
    later("%(account)s owns the facility, and nobody audits their own."),
    later("%(account)s has signed this."),
    later("%(account)s is not %(who)s."),
    later("The transaction %(hash)s is not in a block yet. Look again later."),
    later("The account of the wallet is %(account)s."),
    later("Look at the wallet: %(account)s is asked to sign."),
    later("The contract would refuse this now (%(words)s). Nothing was sent."),
    later("Look at the wallet: %(account)s is asked to send."),
    later("Sent as %(hash)s; waiting for a block."),
    later("The contract refused it: %(hash)s failed in block %(number)s."),
    later("Done: %(hash)s, in block %(number)s. Load the page again to see it."),
    later("Signed; sending the signature to the node."),
    later("Asking %(wallet)s for an account."),
    later("The wallet gives no account."),
    later("No wallet was found in this browser. What is to be signed or sent stands below."),
    later("You declined in the wallet. Nothing was signed or sent."),
    later("The wallet does not let this page act for that account."),
    later("This wallet cannot do that."),
    later("The wallet is not connected to any chain."),
    later("The wallet is not connected to this chain."),
    later("The wallet has a question open already: answer it there."),
)


def wallet_words() -> str:
    """JSON of messages by the English ones; "" in English."""
    language = spoken.get()
    return (
        "" if language is ENGLISH else json.dumps({each: language.gettext(each) for each in WORDS}, ensure_ascii=False)
    )
