// An IPFS node of another project (js-ipfs), offline, with the HTTP API of kubo at a port:
//     npm install --ignore-scripts ipfs-core@0.18.1 ipfs-http-server@0.15.1        in a folder of its own
//     node ipfs_peer.mjs FOLDER PORT REPOSITORY
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

// Node 22 has it, and js-ipfs asks for it.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((yes, no) => { resolve = yes; reject = no })
  return { promise, resolve, reject }
}
const [folder, port, repo] = process.argv.slice(2)
const from = (name) => import(pathToFileURL(resolve(folder, 'node_modules', name, 'src', 'index.js')))
const { create } = await from('ipfs-core')
const { HttpApi } = await from('ipfs-http-server')
const addresses = { Swarm: [], API: `/ip4/127.0.0.1/tcp/${port}`, Gateway: '' }
const config = { Addresses: addresses, Bootstrap: [] }
const node = await create({ repo, offline: true, silent: true, preload: { enabled: false }, config })
await new HttpApi(node).start()
