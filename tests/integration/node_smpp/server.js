/*
 * An SMSC made of npm's `smpp`, moved by a test: options as JSON in the first argument, commands as JSON lines on
 * stdin, events as JSON lines on stdout. It ends with its stdin.
 *
 * Options   password, receipts ("", "text", "ucs2", "tlv": the kind sent by itself for every submit_sm),
 *           enquire_ms (how often it asks for a sign of life; 0: never), key and cert (files: it speaks TLS)
 * Commands  {"do": "deliver", "session": n, "fields": {...}}    a deliver_sm; told as "delivered" when answered
 *           {"do": "enquire_link" | "unbind" | "close", "session": n}
 * Events    listening, bound, refused, submitted, delivered, asked, alive, unbound, closed, error
 *
 * Message ids: capitals in the response, small letters in the receipt; a carrier's profile says id_case = "fold".
 */
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const options = JSON.parse(process.argv[2]);
const sessions = [];

function tell(event, details) {
  process.stdout.write(JSON.stringify({ event, ...details }) + '\n');
}

/** The elements of a user data header. */
function elements(...values) {
  return values.flatMap((value) => (value && value.udh) || []).map((element) => element.toString('hex'));
}

function text(value) {
  return value && value.message ? value.message.toString() : '';
}

function receiptFields(submit, id) {
  const said = `id:${id} sub:001 dlvrd:001 submit date:2401311200 done date:2401311201 stat:DELIVRD err:000 text:`;
  const fields = {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: submit.destination_addr,
    destination_addr: submit.source_addr,
    esm_class: 4,
  };
  if (options.receipts === 'tlv') {
    return { ...fields, short_message: '', receipted_message_id: id, message_state: 2 };
  }
  return { ...fields, short_message: said, data_coding: options.receipts === 'ucs2' ? 8 : 0 };
}

function deliver(session, number, fields) {
  session.deliver_sm(fields, (answer) =>
    tell('delivered', { session: number, status: answer.command_status }),
  );
}

/** Receipts go to a bind that receives: this one, or another of the same account. */
function sendReceipt(from, submit, id) {
  const receivers = sessions.map((_, number) => number).filter((number) => sessions[number].receives);
  const number = receivers.includes(from) ? from : receivers[0];
  deliver(sessions[number].session, number, receiptFields(submit, id));
}

function onBind(number, entry, pdu) {
  if ((options.password || '') !== pdu.password) {
    tell('refused', { session: number });
    entry.session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    entry.session.close();
    return;
  }
  entry.receives = pdu.command !== 'bind_transmitter';
  entry.session.send(pdu.response({ system_id: 'node' }));
  tell('bound', { session: number, mode: pdu.command, system_id: pdu.system_id });
  if (options.enquire_ms) {
    entry.timer = setInterval(() => enquire(number), options.enquire_ms);
  }
}

function enquire(number) {
  sessions[number].session.enquire_link(() => tell('alive', { session: number }));
}

function onSubmit(number, entry, pdu) {
  const id = crypto.randomBytes(8).toString('hex');
  entry.session.send(pdu.response({ message_id: id.toUpperCase() }));
  tell('submitted', {
    session: number,
    id,
    source: pdu.source_addr,
    source_ton: pdu.source_addr_ton,
    destination: pdu.destination_addr,
    esm_class: pdu.esm_class,
    data_coding: pdu.data_coding,
    text: text(pdu.short_message) + text(pdu.message_payload),
    udh: elements(pdu.short_message, pdu.message_payload),
    sar: pdu.sar_msg_ref_num === undefined ? [] : [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    validity: pdu.validity_period || null,
  });
  if (options.receipts && pdu.registered_delivery & 1) {
    setTimeout(() => sendReceipt(number, pdu, id), 20);
  }
}

function onSession(session) {
  const number = sessions.length;
  const entry = { session, receives: false, timer: null };
  sessions.push(entry);
  for (const mode of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(mode, (pdu) => onBind(number, entry, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(number, entry, pdu));
  session.on('enquire_link', (pdu) => {
    session.send(pdu.response());
    tell('asked', { session: number });
  });
  session.on('unbind', (pdu) => {
    tell('unbound', { session: number });
    session.send(pdu.response());
    session.close();
  });
  session.on('close', () => {
    clearInterval(entry.timer);
    entry.receives = false;
    tell('closed', { session: number });
  });
  session.on('error', (error) => tell('error', { session: number, message: error.message }));
}

const commands = {
  deliver: (number, command) => deliver(sessions[number].session, number, command.fields),
  enquire_link: enquire,
  unbind: (number) => sessions[number].session.unbind(() => sessions[number].session.close()),
  close: (number) => sessions[number].session.destroy(),
};

const tls = options.key ? { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) } : {};
const server = smpp.createServer(tls, onSession);
server.listen(0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  commands[command.do](command.session, command);
});
process.stdin.on('end', () => process.exit(0));
