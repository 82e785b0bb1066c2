// Reads HL7 v2 messages with @medplum/core. Reads [text], writes what each holds, in this reader's own words.
import { readFileSync, writeFileSync } from 'node:fs';
import { Hl7Message } from '@medplum/core';

const read = (text) => {
  const message = Hl7Message.parse(text);
  const field = (name, number) => message.getSegment(name)?.getField(number);
  const repeats = (name, number, component) => {
    const found = field(name, number);
    return found ? found.components.map((_, repetition) => found.getComponent(component, 0, repetition)) : [];
  };
  return {
    segments: message.segments.map((segment) => segment.name),
    control: field('MSH', 10)?.toString() ?? '',
    families: repeats('PID', 5, 1),
    givens: repeats('PID', 5, 2),
    birth: field('PID', 7)?.toString() ?? '',
    sex: field('PID', 8)?.toString() ?? '',
    identifiers: repeats('PID', 3, 1),
    cities: repeats('PID', 11, 3),
    postcodes: repeats('PID', 11, 5),
    diagnoses: message.segments
      .filter((segment) => segment.name === 'DG1')
      .map((segment) => segment.getField(3)?.getComponent(1) ?? ''),
    referral: (field('RF1', 6) ?? field('ORC', 2) ?? field('TXA', 14))?.getComponent(1) ?? '',
    ack: message.buildAck().toString(),
  };
};
writeFileSync(process.argv[3], JSON.stringify(JSON.parse(readFileSync(process.argv[2], 'utf8')).map(read)));
