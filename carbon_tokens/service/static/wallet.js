// Wallets of this browser, found by EIP-6963, sign and send what the page shows; the node never sees a key.
// Each box of the page (.wallet, see desk_wallet.html) names the element whose text is signed or sent. What happens is
// said in words in its live region, in the page's language (desk_wallet.py). Nothing here asks a server: signatures go
// with the page's own form.

const FINDING_MS = 400, ASKING_MS = 1000, ASKED = 180;
const found = new Map(); // by uuid: two wallets, or one that announces itself again

const translated = JSON.parse(document.getElementById("wallet-words")?.dataset.words || "{}");
const inWords = (text, values = {}) => (translated[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);

const told = {
  4001: "You declined in the wallet. Nothing was signed or sent.",
  4100: "The wallet does not let this page act for that account.",
  4200: "This wallet cannot do that.",
  4900: "The wallet is not connected to any chain.",
  4901: "The wallet is not connected to this chain.",
  [-32002]: "The wallet has a question open already: answer it there.",
};

const ELSEWHERE = inWords("The wallet's chain does not have this node's contracts: it is another chain of the same number.");

class Said extends Error {} // an obstacle that has its words

const short = (address) => `${address.slice(0, 8)}…${address.slice(-6)}`;
const same = (one, other) => one.toLowerCase() === other.toLowerCase();
const hex = (text) => "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function words(error) {
  if (error instanceof Said) return error.message;
  const code = error?.code ?? error?.data?.originalError?.code;
  return told[code] ? inWords(told[code]) : inWords("The wallet says: %(words)s", { words: error?.message ?? error });
}

async function onChain(wallet, wanted, say) {
  const here = async () => Number(await wallet.request({ method: "eth_chainId" }));
  if (await here() === wanted) return;
  say(inWords("The wallet is on another chain; asking it to change to chain %(number)s.", { number: wanted }));
  try {
    await wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId: "0x" + wanted.toString(16) }] });
  } catch (error) {
    if (error?.code === 4001) throw new Said(inWords("You declined to change to chain %(number)s. Nothing was signed or sent.", { number: wanted }));
    if (error?.code === 4902) throw new Said(inWords("The wallet does not know chain %(number)s: add it there first.", { number: wanted }));
    throw error;
  }
  if (await here() !== wanted) throw new Said(inWords("The wallet is still on another chain than %(number)s.", { number: wanted }));
}

// Who signs is checked by the wallet's own chain before anybody is asked: hasRole(role, account) of the contract.
async function mayAct(wallet, account, { sender, owner, role, contract, signed, who }) {
  const other = inWords("Choose another account in the wallet.");
  const its = short(account);
  if (sender && !same(sender, account)) throw new Said(`${inWords("The wallet's account is %(account)s; this is for %(sender)s.", { account: its, sender: short(sender) })} ${other}`);
  if (owner && same(owner, account)) throw new Said(`${inWords("%(account)s owns the facility, and nobody audits their own.", { account: its })} ${other}`);
  if (signed?.split(" ").some((each) => each && same(each, account))) throw new Said(`${inWords("%(account)s has signed this.", { account: its })} ${other}`);
  if (!role) return;
  const data = role + account.slice(2).toLowerCase().padStart(64, "0");
  const answer = await wallet.request({ method: "eth_call", params: [{ to: contract, data }, "latest"] });
  if (answer === "0x") throw new Said(ELSEWHERE);
  if (!BigInt(answer)) throw new Said(`${inWords("%(account)s is not %(who)s.", { account: its, who })} ${other}`);
}

async function receipt(wallet, hash) {
  for (let time = 0; time < ASKED; time++) {
    const seen = await wallet.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (seen) return seen;
    await pause(ASKING_MS);
  }
  throw new Said(inWords("The transaction %(hash)s is not in a block yet. Look again later.", { hash }));
}

const acts = {
  async eth_requestAccounts(wallet, account, text, box, say) {
    document.getElementById(box.dataset.of).value = account;
    say(inWords("The account of the wallet is %(account)s.", { account }));
  },
  async eth_signTypedData_v4(wallet, account, text, box, say) {
    say(inWords("Look at the wallet: %(account)s is asked to sign.", { account: short(account) }));
    await sign(box, say, await wallet.request({ method: "eth_signTypedData_v4", params: [account, text] }));
  },
  async personal_sign(wallet, account, text, box, say) {
    say(inWords("Look at the wallet: %(account)s is asked to sign.", { account: short(account) }));
    await sign(box, say, await wallet.request({ method: "personal_sign", params: [hex(text), account] }));
  },
  async eth_sendTransaction(wallet, account, text, box, say) {
    const { to, data, value } = JSON.parse(text);
    if (await wallet.request({ method: "eth_getCode", params: [to, "latest"] }) === "0x") throw new Said(ELSEWHERE);
    try { // gas is not to be lost on what cannot succeed
      await wallet.request({ method: "eth_call", params: [{ from: account, to, data, value }, "latest"] });
    } catch (error) {
      throw new Said(inWords("The contract would refuse this now (%(words)s). Nothing was sent.", { words: error?.message ?? error }));
    }
    say(inWords("Look at the wallet: %(account)s is asked to send.", { account: short(account) }));
    const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from: account, to, data, value }] });
    say(inWords("Sent as %(hash)s; waiting for a block.", { hash }));
    const { status, blockNumber } = await receipt(wallet, hash);
    if (Number(status) !== 1) throw new Said(inWords("The contract refused it: %(hash)s failed in block %(number)s.", { hash, number: Number(blockNumber) }));
    box.querySelector(".wallets").hidden = true;
    say(inWords("Done: %(hash)s, in block %(number)s. Load the page again to see it.", { hash, number: Number(blockNumber) }));
  },
};

async function sign(box, say, signature) {
  const form = box.closest("form");
  say(inWords("Signed; sending the signature to the node."));
  form.elements.signature.value = signature;
  form.requestSubmit();
}

async function act(box, { info, provider }) {
  const line = box.querySelector(".said"), buttons = box.querySelectorAll("button");
  const say = (text) => { line.textContent = text; };
  buttons.forEach((button) => { button.disabled = true; });
  try {
    say(inWords("Asking %(wallet)s for an account.", { wallet: info.name }));
    const [account] = await provider.request({ method: "eth_requestAccounts" });
    if (!account) throw new Said(inWords("The wallet gives no account."));
    if (box.dataset.chain) await onChain(provider, Number(box.dataset.chain), say);
    await mayAct(provider, account, box.dataset);
    await acts[box.dataset.method](provider, account, document.getElementById(box.dataset.of).textContent, box, say);
  } catch (error) {
    say(words(error));
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function listed(box, detail) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  if (/^data:image\//.test(detail.info.icon ?? "")) {
    const icon = new Image(24, 24);
    icon.src = detail.info.icon;
    icon.alt = "";
    button.append(icon);
  }
  button.append(`${box.dataset.verb} ${detail.info.name}`);
  button.addEventListener("click", () => act(box, detail));
  item.append(button);
  box.querySelector(".wallets").append(item);
  box.querySelector(".said").textContent = "";
}

const boxes = document.querySelectorAll(".wallet");
if (boxes.length) {
  boxes.forEach((box) => { box.hidden = false; });
  window.addEventListener("eip6963:announceProvider", ({ detail }) => {
    if (!detail?.info?.uuid || !detail.provider?.request || found.has(detail.info.uuid)) return;
    found.set(detail.info.uuid, detail);
    boxes.forEach((box) => listed(box, detail));
  });
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  await pause(FINDING_MS);
  if (!found.size) boxes.forEach((box) => {
    box.querySelector(".said").textContent = inWords("No wallet was found in this browser. What is to be signed or sent stands below.");
  });
}
