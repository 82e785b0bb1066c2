// MLLP peers that are not ours. A client sends COUNT messages to PORT and tells what was acknowledged; a server listens
// on PORT, says that it does, and tells on the end of standard input which control ids it got.
//   node mllp.mjs medplum-client|node-hl7-client|simple-hl7-client PORT COUNT
//   node mllp.mjs medplum-server|node-hl7-server|simple-hl7-server PORT
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [role, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 0)];
const got = [];

function text(id) {
  return [
    `MSH|^~\\&|PEER|NODE|HUB|HUB|20260114230211-0600||ADT^A04^ADT_A01|${id}|P|2.5.1||||||UNICODE UTF-8`,
    'EVN|A04|20260114230211-0600',
    'PID|1||X1^^^NODE||PEERPERSON^SAM||19890417|F',
    'PV1|1|E',
  ].join('\r');
}

const ids = [...Array(count).keys()].map((n) => `N${String(n).padStart(6, '0')}`);

function tell(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const roles = {
  async 'medplum-client'() {
    const { Hl7Client } = await import('@medplum/hl7');
    const { Hl7Message } = await import('@medplum/core');
    const client = new Hl7Client({ host: '127.0.0.1', port });
    const acked = [];
    // twenty in flight, matched by MSA-2
    for (let at = 0; at < ids.length; at += 20) {
      const some = ids.slice(at, at + 20);
      const answers = await Promise.all(some.map((id) => client.sendAndWait(Hl7Message.parse(text(id)))));
      answers.forEach((answer) => {
        const msa = answer.getSegment('MSA');
        acked.push([msa.getField(1).toString(), msa.getField(2).toString()]);
      });
    }
    await client.close();
    tell({ acked });
  },
  async 'node-hl7-client'() {
    const { Client, Message } = require('node-hl7-client');
    const client = new Client({ host: '127.0.0.1' });
    const acked = [];
    let answered = null;
    const connection = client.createConnection({ port }, (res) => {
      const message = res.getMessage();
      acked.push([message.get('MSA.1').toString(), message.get('MSA.2').toString()]);
      answered?.();
    });
    for (const id of ids) {
      const answer = new Promise((resolve) => (answered = resolve));
      await connection.sendMessage(new Message({ text: text(id) }));
      await answer;
    }
    await connection.close();
    tell({ acked });
  },
  async 'simple-hl7-client'() {
    const hl7 = require('simple-hl7');
    const parser = new hl7.Parser();
    const acked = [];
    const client = hl7.Server.createTcpClient({ host: '127.0.0.1', port, keepalive: true });
    for (const id of ids) {
      const ack = await new Promise((resolve, reject) => {
        client.send(parser.parse(text(id)), (error, answer) => (error ? reject(error) : resolve(answer)));
      });
      const msa = ack.getSegment('MSA');
      acked.push([msa.getField(1), msa.getField(2)]);
    }
    client.close();
    tell({ acked });
  },
  async 'medplum-server'() {
    const { Hl7Server } = await import('@medplum/hl7');
    const server = new Hl7Server((connection) => {
      connection.addEventListener('message', ({ message }) => {
        got.push(message.getSegment('MSH').getField(10).toString());
        connection.send(message.buildAck());
      });
    });
    await server.start(port);
  },
  async 'node-hl7-server'() {
    const { Server } = require('node-hl7-server');
    const inbound = new Server().createInbound({ port }, async (req, res) => {
      got.push(req.getMessage().get('MSH.10').toString());
      await res.sendResponse('AA');
    });
    await new Promise((resolve) => inbound.on('listen', resolve));
  },
  async 'simple-hl7-server'() {
    const hl7 = require('simple-hl7');
    const app = hl7.tcp();
    app.use((req, res, next) => {
      got.push(req.msg.header.getField(8));
      res.end();
    });
    app.start(port);
  },
};

await roles[role]();
if (role.endsWith('-server')) {
  tell({ listening: port });
  process.stdin.resume();
  process.stdin.on('end', () => {
    tell({ got });
    process.exit(0);
  });
} else {
  process.exit(0);
}
