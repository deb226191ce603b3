import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { CommandError } from '../support/errors.ts'
import { formatName, formatVersion, type Header, type Trailer } from './format.ts'

const lineFeed = 0x0a

/** The lines of a gzipped file, cut at line feeds only: JSON texts may hold other characters that end lines. */
export async function* readLines(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file)
  const plain = createGunzip()
  source.on('error', (error) => plain.destroy(error))
  let rest: Buffer[] = []
  try {
    for await (const chunk of source.pipe(plain) as AsyncIterable<Buffer>) {
      let from = 0
      for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, at)])
        rest = []
        from = at + 1
      }
      if (from < chunk.length) rest.push(chunk.subarray(from))
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code.startsWith('Z_')) throw damaged('it is no gzipped file, or a part of it is missing')
    if (code.startsWith('E')) throw new CommandError(`${file} cannot be read: ${code}`)
    throw error
  }
  if (rest.length > 0) throw damaged('its end is missing')
}

/** Reads the whole file against its checksum, before anything is done with it. */
export async function checkBackup(file: string): Promise<Header> {
  const hash = createHash('sha256')
  let header: Header | undefined
  let last: Buffer | undefined
  let lines = 0
  for await (const line of readLines(file)) {
    header ??= readHeader(line)
    // the last line is the trailer, and it is known to be the last only when nothing follows
    if (last) hash.update(last).update('\n')
    last = line
    lines += 1
  }
  if (!header || !last) throw damaged('it is empty')
  const rows = header.tables.reduce((sum, table) => sum + table.rows, 0)
  if (lines !== rows + 2) throw damaged(`it should have ${rows + 2} lines and has ${lines}`)
  const { sha256 } = parse<Trailer>(last)
  if (sha256 !== hash.digest('hex')) throw damaged('its checksum is wrong')
  return header
}

function readHeader(line: Buffer): Header {
  const header = parse<Header>(line)
  if (header.format !== formatName) throw damaged('it is no backup of Commonhours')
  if (header.version !== formatVersion)
    throw new CommandError('The backup was made by another version of this command.')
  return header
}

function parse<T>(line: Buffer): T {
  try {
    return JSON.parse(line.toString()) as T
  } catch {
    throw damaged('it is no backup of Commonhours')
  }
}

export const damaged = (why: string): CommandError => new CommandError(`The file cannot be restored: ${why}.`)
