// Wallets of this browser, found by EIP-6963, sign and send what the page shows; the node never sees a key.
// Each box of the page (.wallet, see desk_wallet.html) names the element whose text is signed or sent. What happens is
// said in words in its live region. Nothing here asks a server: signatures go with the page's own form.

const FINDING_MS = 400, ASKING_MS = 1000, ASKED = 180;
const found = new Map(); // by uuid: two wallets, or one that announces itself again

const told = {
  4001: "You declined in the wallet. Nothing was signed or sent.",
  4100: "The wallet does not let this page act for that account.",
  4200: "This wallet cannot do that.",
  4900: "The wallet is not connected to any chain.",
  4901: "The wallet is not connected to this chain.",
  [-32002]: "The wallet has a question open already: answer it there.",
};

const ELSEWHERE = "The wallet's chain does not have this node's contracts: it is another chain of the same number.";

class Said extends Error {} // an obstacle that has its words

const short = (address) => `${address.slice(0, 8)}…${address.slice(-6)}`;
const same = (one, other) => one.toLowerCase() === other.toLowerCase();
const hex = (text) => "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function words(error) {
  if (error instanceof Said) return error.message;
  const code = error?.code ?? error?.data?.originalError?.code;
  return told[code] ?? `The wallet says: ${error?.message ?? error}`;
}

async function onChain(wallet, wanted, say) {
  const here = async () => Number(await wallet.request({ method: "eth_chainId" }));
  if (await here() === wanted) return;
  say(`The wallet is on another chain; asking it to change to chain ${wanted}.`);
  try {
    await wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId: "0x" + wanted.toString(16) }] });
  } catch (error) {
    if (error?.code === 4001) throw new Said(`You declined to change to chain ${wanted}. Nothing was signed or sent.`);
    if (error?.code === 4902) throw new Said(`The wallet does not know chain ${wanted}: add it there first.`);
    throw error;
  }
  if (await here() !== wanted) throw new Said(`The wallet is still on another chain than ${wanted}.`);
}

// Who signs is checked by the wallet's own chain before anybody is asked: hasRole(role, account) of the contract.
async function mayAct(wallet, account, { sender, owner, role, contract, signed, who }) {
  const other = "Choose another account in the wallet.";
  if (sender && !same(sender, account)) throw new Said(`The wallet's account is ${short(account)}; this is for ${short(sender)}. ${other}`);
  if (owner && same(owner, account)) throw new Said(`${short(account)} owns the facility, and nobody audits their own. ${other}`);
  if (signed?.split(" ").some((each) => each && same(each, account))) throw new Said(`${short(account)} has signed this. ${other}`);
  if (!role) return;
  const data = role + account.slice(2).toLowerCase().padStart(64, "0");
  const answer = await wallet.request({ method: "eth_call", params: [{ to: contract, data }, "latest"] });
  if (answer === "0x") throw new Said(ELSEWHERE);
  if (!BigInt(answer)) throw new Said(`${short(account)} is not ${who}. ${other}`);
}

async function receipt(wallet, hash) {
  for (let time = 0; time < ASKED; time++) {
    const seen = await wallet.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (seen) return seen;
    await pause(ASKING_MS);
  }
  throw new Said(`The transaction ${hash} is not in a block yet. Look again later.`);
}

const acts = {
  async eth_requestAccounts(wallet, account, text, box, say) {
    document.getElementById(box.dataset.of).value = account;
    say(`The account of the wallet is ${account}.`);
  },
  async eth_signTypedData_v4(wallet, account, text, box, say) {
    say(`Look at the wallet: ${short(account)} is asked to sign.`);
    await sign(box, say, await wallet.request({ method: "eth_signTypedData_v4", params: [account, text] }));
  },
  async personal_sign(wallet, account, text, box, say) {
    say(`Look at the wallet: ${short(account)} is asked to sign.`);
    await sign(box, say, await wallet.request({ method: "personal_sign", params: [hex(text), account] }));
  },
  async eth_sendTransaction(wallet, account, text, box, say) {
    const { to, data, value } = JSON.parse(text);
    if (await wallet.request({ method: "eth_getCode", params: [to, "latest"] }) === "0x") throw new Said(ELSEWHERE);
    try { // gas is not to be lost on what cannot succeed
      await wallet.request({ method: "eth_call", params: [{ from: account, to, data, value }, "latest"] });
    } catch (error) {
      throw new Said(`The contract would refuse this now (${error?.message ?? error}). Nothing was sent.`);
    }
    say(`Look at the wallet: ${short(account)} is asked to send.`);
    const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from: account, to, data, value }] });
    say(`Sent as ${hash}; waiting for a block.`);
    const { status, blockNumber } = await receipt(wallet, hash);
    if (Number(status) !== 1) throw new Said(`The contract refused it: ${hash} failed in block ${Number(blockNumber)}.`);
    box.querySelector(".wallets").hidden = true;
    say(`Done: ${hash}, in block ${Number(blockNumber)}. Load the page again to see it.`);
  },
};

async function sign(box, say, signature) {
  const form = box.closest("form");
  say("Signed; sending the signature to the node.");
  form.elements.signature.value = signature;
  form.requestSubmit();
}

async function act(box, { info, provider }) {
  const line = box.querySelector(".said"), buttons = box.querySelectorAll("button");
  const say = (text) => { line.textContent = text; };
  buttons.forEach((button) => { button.disabled = true; });
  try {
    say(`Asking ${info.name} for an account.`);
    const [account] = await provider.request({ method: "eth_requestAccounts" });
    if (!account) throw new Said("The wallet gives no account.");
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
    box.querySelector(".said").textContent = "No wallet was found in this browser. What is to be signed or sent stands below.";
  });
}
