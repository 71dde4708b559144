// A small IPFS peer, offline, that speaks those routes of kubo's HTTP API which carbon_tokens.evidence.ipfs uses:
//     node ipfs_peer.mjs PORT FOLDER
// What makes it IPFS is not ours: ipfs-unixfs-importer cuts a file into chunks and builds its DAG, ipfs-unixfs-exporter
// walks it, dag-pb and multiformats write and read nodes and CIDs. Every block that is read is hashed against its CID,
// as kubo does it with Datastore.HashOnRead. Blocks stand in FOLDER/blocks, the CID of the root of MFS in FOLDER/root.
import { createServer } from 'node:http'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const [port, folder] = process.argv.slice(2)
const pinned = new Set()
let parts = 0
await mkdir(join(folder, 'blocks'), { recursive: true })

async function write (path, content) { // whole or not at all
  const part = join(folder, `part-${parts++}`)
  await writeFile(part, content)
  await rename(part, path)
}

const blocks = {
  async put (cid, bytes) {
    await write(join(folder, 'blocks', cid.toString()), bytes)
    return cid
  },
  async has (cid) { return existsSync(join(folder, 'blocks', cid.toString())) },
  async * get (cid) {
    if (!await blocks.has(cid)) throw new Error(`ipld: could not find ${cid}: block was not found locally`)
    const bytes = await readFile(join(folder, 'blocks', cid.toString()))
    const { digest } = await sha256.digest(bytes)
    if (!digest.every((byte, at) => byte === cid.multihash.digest[at])) {
      throw new Error(`block in storage has different hash than requested: ${cid}`)
    }
    yield bytes
  }
}

async function kept (node) {
  const bytes = dagPb.encode(dagPb.prepare(node))
  return blocks.put(CID.createV1(dagPb.code, await sha256.digest(bytes)), bytes)
}

const directory = (links) => kept({ Data: new UnixFS({ type: 'directory' }).marshal(), Links: links })
const root = async () => existsSync(join(folder, 'root'))
  ? CID.parse(await readFile(join(folder, 'root'), 'utf8'))
  : directory([])

async function linksOf (cid) {
  for await (const bytes of blocks.get(cid)) return dagPb.decode(bytes).Links
}

async function named (path) { // CID of /folder or /folder/name in MFS
  let cid = await root()
  for (const name of path.split('/').filter(Boolean)) {
    const link = (await linksOf(cid)).find((each) => each.Name === name)
    if (!link) throw new Error('file does not exist')
    cid = link.Hash
  }
  return cid
}

async function changed (path, target) { // the root with a name that leads to a CID, or to nothing
  const names = path.split('/').filter(Boolean)
  const within = async (cid, [name, ...rest]) => {
    const links = await linksOf(cid)
    const old = links.find((each) => each.Name === name)
    const Hash = rest.length ? await within(old ? old.Hash : await directory([]), rest) : target
    return directory([...links.filter((each) => each !== old), ...(Hash ? [{ Name: name, Hash, Tsize: 0 }] : [])])
  }
  await write(join(folder, 'root'), (await within(await root(), names)).toString())
}

async function content (cid) {
  const found = []
  for await (const chunk of (await exporter(cid, blocks)).content()) found.push(chunk)
  return Buffer.concat(found)
}

const cidOf = (text) => CID.parse(text.replace('/ipfs/', ''))
const routes = {
  async add (given, body) {
    const [, size] = given.get('chunker').match(/^size-(\d+)$/)
    const options = {
      cidVersion: Number(given.get('cid-version')), rawLeaves: given.get('raw-leaves') === 'true',
      reduceSingleLeafToSelf: true, chunker: fixedSize({ chunkSize: Number(size) })
    }
    const bytes = new Uint8Array(await (await body()).get('file').arrayBuffer())
    for await (const { cid } of importer([{ content: [bytes] }], blocks, options)) {
      if (given.get('pin') === 'true') pinned.add(cid.toString())
      return { Name: 'evidence', Hash: cid.toString(), Size: String(bytes.length) }
    }
  },
  async cat (given) { return content(cidOf(given.get('arg'))) },
  async 'pin/ls' (given) {
    const cid = given.get('arg')
    if (!pinned.has(cid)) throw new Error(`path '${cid}' is not pinned`)
    return { Keys: { [cid]: { Type: 'recursive' } } }
  },
  async 'pin/rm' (given) {
    if (!pinned.delete(given.get('arg'))) throw new Error('not pinned or pinned indirectly')
    return { Pins: [given.get('arg')] }
  },
  async 'files/mkdir' (given) {
    await named(given.get('arg')).catch(async () => changed(given.get('arg'), await directory([])))
  },
  async 'files/cp' (given) {
    const [from, to] = given.getAll('arg')
    if (await named(to).catch(() => null)) throw new Error('cp: cannot put node in path: directory already has entry by that name')
    await changed(to, cidOf(from))
  },
  async 'files/stat' (given) { return { Hash: (await named(given.get('arg'))).toString() } },
  async 'files/rm' (given) {
    await named(given.get('arg'))
    await changed(given.get('arg'), null)
  },
  async 'files/ls' (given) {
    return { Entries: (await linksOf(await named(given.get('arg')))).map(({ Name }) => ({ Name, Type: 0, Size: 0, Hash: '' })) }
  }
}

let turn = Promise.resolve() // one request after the other: MFS has one root
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://peer')
  const parsed = []
  request.on('data', (chunk) => parsed.push(chunk)).on('end', () => {
    turn = turn.then(async () => {
      const body = () => new Response(Buffer.concat(parsed), { headers: request.headers }).formData()
      const route = request.method === 'POST' && routes[pathname.replace('/api/v0/', '')]
      if (!route) return response.writeHead(404).end()
      const answer = await route(searchParams, body) ?? ''
      response.end(Buffer.isBuffer(answer) || answer === '' ? answer : JSON.stringify(answer) + '\n')
    }).catch((error) => {
      response.writeHead(500, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ Message: error.message, Code: 0, Type: 'error' }))
    })
  })
}).listen(Number(port), '127.0.0.1')
