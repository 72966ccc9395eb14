/** For the tests of this folder: an SMTP server on loopback that does as it is told, and keeps what it was given. */
import { createServer, type Socket } from 'node:net'

type Ends = { after(end: () => unknown): void }

export type TakenMail = { from: string; to: string[]; text: string }

/** `hang` says nothing at all; a number is its answer to a recipient. */
export type MailBehaviour = 'take' | 'hang' | number

export async function fakeSmtp(t: Ends) {
  const made = {
    port: 0,
    connections: 0,
    said: [] as string[],
    taken: [] as TakenMail[],
    behaves: 'take' as MailBehaviour,
    /** Resolves when there are so many mails. */
    async mails(count: number): Promise<TakenMail[]> {
      while (made.taken.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
      return made.taken
    },
    /** Resolves with the next connection. */
    connection: () => new Promise<void>((resolve) => arriving.push(resolve)),
  }
  const waiting: (() => void)[] = []
  const arriving: (() => void)[] = []
  const open = new Set<Socket>()
  const tellAll = (): void => {
    for (const tell of waiting.splice(0)) tell()
  }
  const server = createServer((socket) => {
    made.connections += 1
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    for (const tell of arriving.splice(0)) tell()
    if (made.behaves !== 'hang') talk(socket, made, tellAll)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  made.port = (server.address() as { port: number }).port
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return made
}

function talk(
  socket: Socket,
  made: { said: string[]; taken: TakenMail[]; behaves: MailBehaviour },
  tell: () => void,
): void {
  const say = (line: string): boolean => socket.write(`${line}\r\n`)
  let mail: TakenMail = { from: '', to: [], text: '' }
  let rest = ''
  let inText = false
  say('220 mail.example ESMTP')
  socket.on('data', (bytes) => {
    rest += bytes.toString('utf8')
    for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      if (inText) {
        if (line !== '.') {
          mail.text += `${line}\n`
          continue
        }
        inText = false
        made.taken.push(mail)
        mail = { from: '', to: [], text: '' }
        say('250 taken')
        tell()
        continue
      }
      made.said.push(line)
      const [, from] = /^MAIL FROM:<([^>]*)>/i.exec(line) ?? []
      const [, to] = /^RCPT TO:<([^>]*)>/i.exec(line) ?? []
      if (from !== undefined) mail.from = from
      if (to !== undefined) {
        if (typeof made.behaves === 'number') {
          say(`${made.behaves} no`)
          continue
        }
        mail.to.push(to)
      }
      if (/^DATA/i.test(line)) {
        inText = true
        say('354 go on')
      } else if (/^STARTTLS/i.test(line)) {
        say('454 TLS is not available')
      } else if (/^QUIT/i.test(line)) {
        say('221 bye')
        socket.end()
      } else say('250 fine')
    }
  })
}
