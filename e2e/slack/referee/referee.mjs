// The referee: Slack's own SDK, Bolt, works with the fake as an app would, in Socket Mode
// and over HTTP, and what it does and sees is compared with what the fake says of it. A
// check that does not hold is a failure; none is skipped.
//
//     node referee.mjs FAKE      FAKE is the built program of this folder
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import bolt from '@slack/bolt';

const { App, HTTPReceiver, LogLevel, SocketModeReceiver } = bolt;

const fake = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = await once(createInterface({ input: fake.stdout }), 'line');
const at = JSON.parse(line);

async function control(path, body = {}) {
  const res = await fetch(at.control + path, { method: 'POST', body: JSON.stringify(body) });
  const text = await res.text();
  if (!res.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

// until waits for a condition of what the app has heard.
async function until(what, condition) {
  const end = Date.now() + 15000;
  for (;;) {
    const got = await condition();
    if (got) return got;
    if (Date.now() > end) throw new Error(`in 15 seconds there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const plain = (text) => ({ type: 'plain_text', text });
const feedback = {
  type: 'context_actions',
  elements: [{
    type: 'feedback_buttons', action_id: 'feedback',
    positive_button: { text: plain('Helpful'), value: 'up' }, negative_button: { text: plain('Not helpful'), value: 'down' },
  }],
};
const modal = {
  type: 'modal', callback_id: 'why', title: plain('What was wrong?'), submit: plain('Send'), private_metadata: 'x',
  blocks: [{ type: 'input', block_id: 'reason', label: plain('Reason'), element: { type: 'plain_text_input', action_id: 'text' } }],
};

// listen is an app that writes down what it hears.
function listen(app) {
  const heard = { mentions: [], messages: [], commands: [], actions: [], shortcuts: [], submissions: [], homes: [], retries: [], errors: [], stops: [] };
  app.error(async (error) => { heard.errors.push(error); });
  app.use(async ({ context, next }) => {
    if (context.retryNum) heard.retries.push({ number: context.retryNum, reason: context.retryReason });
    await next();
  });
  app.event('app_mention', async ({ event, say, context }) => {
    heard.mentions.push({ event, context });
    await say({ text: 'heard', thread_ts: event.ts });
  });
  app.message(async ({ message }) => { heard.messages.push(message); });
  app.command('/kakehashi', async ({ command, ack, respond }) => {
    heard.commands.push(command);
    await ack({ text: 'one moment' });
    await respond({ text: 'for you' });
    await respond({ text: 'for all', response_type: 'in_channel' });
  });
  app.action('feedback', async ({ ack, action, body, client }) => {
    await ack();
    heard.actions.push({ action, body });
    await client.views.open({ trigger_id: body.trigger_id, view: modal });
  });
  app.shortcut('check', async ({ ack, shortcut }) => { await ack(); heard.shortcuts.push(shortcut); });
  app.view('why', async ({ ack, view, body }) => {
    heard.submissions.push({ view, body });
    if (view.state.values.reason.text.value === 'short') await ack({ response_action: 'errors', errors: { reason: 'too short' } });
    else await ack();
  });
  app.event('app_home_opened', async ({ event, client }) => {
    heard.homes.push(event);
    await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'divider' }] } });
  });
  app.event('agent_session_stopped', async ({ event }) => { heard.stops.push(event); });
  return heard;
}

const quiet = { logLevel: LogLevel.ERROR, clientOptions: { slackApiUrl: at.api, retryConfig: { retries: 0 } } };

const transports = {
  async socket() {
    const receiver = new SocketModeReceiver({ appToken: at.appToken, logLevel: LogLevel.ERROR, clientPingTimeout: 500, installerOptions: { clientOptions: { slackApiUrl: at.api } } });
    const app = new App({ token: at.botToken, receiver, ...quiet });
    const heard = listen(app);
    await control('/http');
    await app.start();
    await control('/sockets', { Count: 1 });
    return { app, heard };
  },
  async http() {
    const receiver = new HTTPReceiver({ signingSecret: at.signingSecret, port: 0, logLevel: LogLevel.ERROR });
    const app = new App({ token: at.botToken, receiver, ...quiet });
    const heard = listen(app);
    const server = await app.start(0);
    const url = `http://127.0.0.1:${server.address().port}/slack/events`;
    await control('/http', { URL: url }); // with the challenge
    return { app, heard, url };
  },
};

// checks are what holds on both transports; mark is a text that is the check's own.
const checks = {
  async 'a mention arrives as app_mention and as message, and say answers in its thread'({ heard, mark }) {
    const said = await control('/say', { User: 'U1', Channel: 'C1', Text: `<@${at.botUser}> ${mark}` });
    const { event, context } = await until('mention', () => heard.mentions.find((m) => m.event.ts === said.TS));
    const message = await until('message', () => heard.messages.find((m) => m.ts === said.TS));
    assert.equal(event.channel, 'C1');
    assert.equal(event.user, 'U1');
    assert.equal(context.botUserId, at.botUser);
    assert.equal(context.teamId, at.team);
    assert.equal(message.channel_type, 'channel');
    const answer = await until('answer', async () => (await control('/messages', { Channel: 'C1' })).find((m) => m.Thread === said.TS && m.Text === 'heard'));
    assert.equal(answer.Bot, at.bot);
  },
  async 'a message in a DM arrives once, with its channel type'({ heard, mark }) {
    const dm = await control('/dm', { User: 'U1' });
    const said = await control('/say', { User: 'U1', Channel: dm, Text: mark });
    await until('message', () => heard.messages.find((m) => m.ts === said.TS));
    await control('/settled');
    const all = heard.messages.filter((m) => m.ts === said.TS);
    assert.equal(all.length, 1);
    assert.equal(all[0].channel_type, 'im');
    assert.equal(all[0].text, mark);
  },
  async 'a command is acknowledged with words, and its response_url used'({ heard, mark }) {
    const end = await control('/slash', { User: 'U1', Channel: 'C1', Command: '/kakehashi', Text: `${mark} & more` });
    assert.equal(end.Acked, true);
    const command = heard.commands.at(-1);
    assert.equal(command.text, `${mark} & more`);
    assert.equal(command.channel_name, 'export-control');
    await until('answer for all', async () => (await control('/messages', { Channel: 'C1' })).filter((m) => m.Text === 'for all').length === heard.commands.length);
    const mine = (await control('/ephemerals', { User: 'U1' })).map((m) => m.Text).slice(-2);
    assert.deepEqual(mine.sort(), ['for you', 'one moment']);
  },
  async 'an action opens a modal, whose submission is refused, then taken'({ app, heard, mark }) {
    const { ts } = await app.client.chat.postMessage({ channel: 'C1', text: mark, blocks: [{ type: 'markdown', text: mark }, feedback] });
    const end = await control('/click', { User: 'U1', Channel: 'C1', TS: ts, Action: 'feedback', Value: 'down' });
    assert.equal(end.Acked, true);
    const [view] = await until('modal', async () => { const open = await control('/modals', { User: 'U1' }); return open?.length && open; });
    assert.equal(view.CallbackID, 'why');
    const { action, body } = heard.actions.at(-1);
    assert.equal(action.value, 'down');
    assert.equal(body.container.message_ts, ts);
    await control('/submit', { User: 'U1', Values: { text: 'short' } });
    assert.deepEqual((await control('/modals', { User: 'U1' }))[0].Errors, { reason: 'too short' });
    await control('/submit', { User: 'U1', Values: { text: 'another rule' } });
    assert.equal(await control('/modals', { User: 'U1' }), null);
    assert.equal(heard.submissions.at(-1).view.state.values.reason.text.value, 'another rule');
    assert.equal(heard.submissions.at(-1).view.private_metadata, 'x');
  },
  async 'a shortcut on a message brings the message'({ heard, mark }) {
    const said = await control('/say', { User: 'U2', Channel: 'C1', Text: mark });
    const end = await control('/shortcut', { User: 'U1', Channel: 'C1', TS: said.TS, Callback: 'check' });
    assert.equal(end.Acked, true);
    const shortcut = await until('shortcut', () => heard.shortcuts.at(-1));
    assert.equal(shortcut.message.text, mark);
    assert.equal(shortcut.message.user, 'U2');
    assert.equal(shortcut.user.id, 'U1');
  },
  async 'a home is opened and published'({ heard }) {
    const before = (await control('/home', { User: 'U1' })).Hash;
    await control('/home/open', { User: 'U1' });
    const view = await until('home', async () => { const v = await control('/home', { User: 'U1' }); return v.Hash !== before && v; });
    assert.equal(view.Type, 'home');
    assert.equal(heard.homes.at(-1).tab, 'home');
  },
  async 'chatStream streams into a thread of a channel'({ app, mark }) {
    const root = await control('/say', { User: 'U1', Channel: 'C1', Text: mark });
    const stream = app.client.chatStream({ channel: 'C1', thread_ts: root.TS, recipient_user_id: 'U1', recipient_team_id: at.team, buffer_size: 4 });
    const parts = ['**Yes**', ', if ', 'licensed', '.'];
    for (const part of parts) await stream.append({ markdown_text: part });
    await stream.append({ chunks: [{ type: 'task_update', id: '1', title: 'Reading', status: 'complete' }] });
    await stream.stop({ blocks: [feedback], metadata: { event_type: 'answer', event_payload: { id: mark } } });
    const m = (await control('/messages', { Channel: 'C1' })).find((o) => o.TS === stream.ts);
    assert.equal(m.Text, parts.join(''));
    assert.equal(m.Stream, 'stopped');
    assert.equal(m.Blocks[0].type, 'context_actions');
    await assert.rejects(app.client.chat.appendStream({ channel: 'C1', ts: stream.ts, markdown_text: 'x' }), /message_not_in_streaming_state/);
    await assert.rejects(app.client.chat.startStream({ channel: 'C1', thread_ts: root.TS }), /missing_recipient_user_id/);
  },
  async 'a stream is stopped by the person'({ app, heard, mark }) {
    const root = await control('/say', { User: 'U1', Channel: 'C1', Text: mark });
    const { ts } = await app.client.chat.startStream({ channel: 'C1', thread_ts: root.TS, recipient_user_id: 'U1', recipient_team_id: at.team });
    await control('/stop', { User: 'U1', Channel: 'C1', Thread: root.TS });
    const event = await until('stop', () => heard.stops.find((e) => e.thread_ts === root.TS));
    assert.deepEqual(event.streaming_message_ts, [ts]);
    await assert.rejects(app.client.chat.appendStream({ channel: 'C1', ts, chunks: [{ type: 'markdown_text', text: 'x' }] }), /stopped_by_user/);
  },
  async 'history and replies have the metadata, page by page'({ app, mark }) {
    const metadata = { event_type: 'answer', event_payload: { id: mark } };
    const { ts } = await app.client.chat.postMessage({ channel: 'C1', text: mark, metadata });
    for (const text of ['a', 'b', 'c']) await app.client.chat.postMessage({ channel: 'C1', thread_ts: ts, text });
    const history = await app.client.conversations.history({ channel: 'C1', include_all_metadata: true, limit: 1 });
    assert.equal(history.messages[0].ts, ts);
    assert.deepEqual(history.messages[0].metadata, metadata);
    assert.equal(history.has_more, true);
    const texts = [];
    for await (const page of app.client.paginate('conversations.replies', { channel: 'C1', ts, limit: 2 })) texts.push(...page.messages.map((m) => m.text));
    assert.deepEqual(texts, [mark, 'a', 'b', 'c']);
  },
  async 'people, conversations and what the bot is'({ app }) {
    const { user } = await app.client.users.info({ user: 'U1', include_locale: true });
    assert.deepEqual([user.tz, user.tz_offset, user.locale], ['Asia/Tokyo', 32400, 'ja-JP']);
    const { channel } = await app.client.conversations.open({ users: 'U1' });
    assert.equal(channel.id, await control('/dm', { User: 'U1' }));
    const who = await app.client.auth.test();
    assert.equal(who.bot_id, at.bot);
    assert.ok(who.response_metadata.scopes.includes('chat:write'));
  },
  async 'edits, deletions, ephemerals, reactions and permalinks'({ app, mark }) {
    const { ts } = await app.client.chat.postMessage({ channel: 'C1', text: mark });
    await app.client.chat.update({ channel: 'C1', ts, text: `${mark} edited` });
    await app.client.reactions.add({ channel: 'C1', timestamp: ts, name: 'eyes' });
    const { permalink } = await app.client.chat.getPermalink({ channel: 'C1', message_ts: ts });
    assert.ok(permalink.endsWith(ts.replace('.', '')));
    const m = (await control('/messages', { Channel: 'C1' })).find((o) => o.TS === ts);
    assert.equal(m.Text, `${mark} edited`);
    assert.deepEqual(m.Reactions, ['eyes']);
    await app.client.chat.delete({ channel: 'C1', ts });
    assert.equal((await control('/messages', { Channel: 'C1' })).find((o) => o.TS === ts), undefined);
    await app.client.chat.postEphemeral({ channel: 'C1', user: 'U2', text: mark });
    assert.equal((await control('/ephemerals', { User: 'U2' })).at(-1).Text, mark);
  },
  async 'the agent view: status, title, prompts and session'({ app, mark }) {
    const dm = await control('/dm', { User: 'U1' });
    const root = await control('/say', { User: 'U1', Channel: dm, Text: mark });
    const place = { channel_id: dm, thread_ts: root.TS };
    await app.client.assistant.threads.setStatus({ ...place, status: 'is looking', loading_messages: ['Reading', 'Checking'] });
    await app.client.assistant.threads.setTitle({ ...place, title: mark });
    await app.client.assistant.threads.setSuggestedPrompts({ channel_id: dm, prompts: [{ title: 'Ask', message: 'What is a deemed export?' }] });
    const session = await app.client.apiCall('agents.sessions.setStatus', { ...place, status: 'processing' });
    assert.equal(session.agent_status, 'processing');
  },
  async 'errors are those the SDK knows: blocks, tokens, rates'({ app }) {
    const bad = structuredClone(feedback);
    delete bad.elements[0].negative_button.value;
    await assert.rejects(app.client.chat.postMessage({ channel: 'C1', text: 'x', blocks: [bad] }), (e) => e.data.error === 'invalid_blocks' && e.data.response_metadata.messages.length === 1);
    await assert.rejects(app.client.auth.test({ token: 'xoxb-other' }), (e) => e.data.error === 'invalid_auth');
    await assert.rejects(app.client.apiCall('chat.shout'), (e) => e.data.error === 'unknown_method');
    await control('/fail', { Method: 'auth.test', Fault: 'ratelimited', Count: 1 });
    const limited = new Promise((resolve) => app.client.once('rate_limited', resolve));
    const answered = app.client.auth.test().then(() => 'answered', () => 'failed');
    assert.equal(await Promise.race([limited, answered]), 1);
    await answered;
  },
};

// of one transport alone.
const alone = {
  socket: {
    async 'a socket that is told to go is replaced, and nothing is lost'({ heard, mark }) {
      await control('/disconnect', { Reason: 'refresh_requested' });
      const said = await control('/say', { User: 'U1', Channel: 'C1', Text: mark });
      await control('/sockets', { Count: 1 });
      await until('message', () => heard.messages.find((m) => m.ts === said.TS));
    },
  },
  http: {
    async 'signatures that are forged, old or missing are refused'({ heard, url }) {
      const Text = JSON.stringify({ type: 'event_callback', team_id: at.team, event: { type: 'app_home_opened', user: 'U2', tab: 'home' } });
      const before = heard.homes.length;
      for (const As of ['forged', 'stale', 'unsigned']) assert.equal((await control('/post', { URL: url, Text, As })).status, 401, As);
      assert.equal(heard.homes.length, before);
      assert.equal((await control('/post', { URL: url, Text, As: 'signed' })).status, 200);
      await until('home', () => heard.homes.length === before + 1);
    },
    async 'a repeated event carries its number and the reason'({ app, heard, mark, url }) {
      const before = heard.retries.length;
      let n = 0;
      app.message(mark, async () => { n++; });
      // A door before the app, which lets through repeated events alone.
      const door = (await import('node:http')).createServer((req, res) => {
        if (req.headers['x-slack-retry-num'] === undefined) { res.writeHead(500).end(); return; }
        const pipe = new Promise((resolve) => { const parts = []; req.on('data', (d) => parts.push(d)); req.on('end', () => resolve(Buffer.concat(parts))); });
        pipe.then((body) => fetch(url, { method: 'POST', body, headers: Object.fromEntries(Object.entries(req.headers).filter(([k]) => k.startsWith('x-slack') || k === 'content-type')) })).then((r) => res.writeHead(r.status).end());
      });
      door.listen(0);
      await once(door, 'listening');
      try {
        await control('/http', { URL: `http://127.0.0.1:${door.address().port}/` }).catch(() => {}); // it refuses the challenge
        await control('/say', { User: 'U1', Channel: 'C1', Text: mark });
        await until('retry', () => heard.retries.length > before);
        await control('/settled');
        assert.deepEqual(heard.retries.at(-1), { number: 1, reason: 'http_error' });
        assert.equal(n, 1);
      } finally {
        door.close();
      }
    },
  },
};

setTimeout(() => {
  console.log('FAIL Bolt: not done in 2 minutes; it may wait for a word of the fake that does not come');
  process.exit(1);
}, 120_000).unref();

let passed = 0;
let failed = 0;
for (const [name, open] of Object.entries(transports)) {
  const fixture = await open();
  let i = 0;
  for (const [what, check] of Object.entries({ ...checks, ...alone[name] })) {
    try {
      await check({ ...fixture, mark: `${name}-${++i}` });
      const [error] = fixture.heard.errors.splice(0);
      if (error) throw error;
      passed++;
      console.log(`ok  Bolt, ${name}: ${what}`);
    } catch (error) {
      failed++;
      console.log(`FAIL Bolt, ${name}: ${what}: ${error.stack ?? error}`);
    }
  }
  await fixture.app.stop();
}
fake.stdin.end();
console.log(`Bolt: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
