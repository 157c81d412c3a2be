#!/usr/bin/env python3
"""A scriptable SIP phone on PJSIP: one JSON command a line in, one JSON event a line out.

Every event has "event"; the answer to a command is {"event": "ok"} or {"event": "error", "text": …}.
The phone has no sound device: it plays from and records to WAV files (8 or 16 kHz, mono).
"""
import json
import os
import queue
import sys
import threading

import pjsua2 as pj

# Events go to the stdout we were given; whatever the library prints goes to stderr.
OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
OUT_LOCK = threading.Lock()


def say(event, **fields):
    with OUT_LOCK:
        OUT.write(json.dumps({"event": event, **fields}) + "\n")
        OUT.flush()


class Call(pj.Call):
    def __init__(self, phone, account, call_id=pj.PJSUA_INVALID_ID):
        super().__init__(account, call_id)
        self.phone = phone
        self.player = None
        self.recorder = None
        self.tones = None
        self.audio = None
        self.pending_play = None

    def onCallState(self, _prm):
        info = self.getInfo()
        say("call", state=info.stateText, code=info.lastStatusCode, reason=info.lastReason,
            call=info.id, remote=info.remoteUri)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.stop_media()
            self.phone.gone(self)

    def onCallMediaState(self, _prm):
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            say("media", call=info.id, status=media.status, dir=media.dir)
            if media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                self.audio = self.getAudioMedia(index)
                stream = self.getStreamInfo(index)
                say("codec", call=info.id, name=stream.codecName, rate=stream.codecClockRate)
                if self.recorder:
                    self.audio.startTransmit(self.recorder)
                if self.player:
                    self.player.startTransmit(self.audio)

    def onDtmfDigit(self, prm):
        say("digit", digit=prm.digit)

    def onCallTransferRequest(self, prm):
        say("transfer", to=prm.dstUri)

    def play(self, path, loop):
        self.stop_play()
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(path, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
        if self.audio:
            self.player.startTransmit(self.audio)

    def record(self, path):
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(path)
        if self.audio:
            self.audio.startTransmit(self.recorder)

    def inband(self, digits):
        if self.tones is None:
            self.tones = pj.ToneGenerator()
            self.tones.createToneGenerator(16000, 1)
            self.tones.startTransmit(self.audio)
        vector = pj.ToneDigitVector()
        for digit in digits:
            one = pj.ToneDigit()
            one.digit = digit
            one.on_msec = 100
            one.off_msec = 100
            vector.append(one)
        self.tones.playDigits(vector)

    def stop_play(self):
        self.player = None

    def stop_media(self):
        self.player = None
        self.recorder = None
        self.tones = None
        self.audio = None


class Account(pj.Account):
    def __init__(self, phone):
        super().__init__()
        self.phone = phone

    def onRegState(self, prm):
        say("registered" if self.getInfo().regIsActive else "unregistered", code=prm.code,
            reason=prm.reason, expires=prm.expiration)

    def onIncomingCall(self, prm):
        call = Call(self.phone, self, prm.callId)
        self.phone.calls[prm.callId] = call
        self.phone.current = call
        info = call.getInfo()
        say("incoming", call=prm.callId, remote=info.remoteUri, message=prm.rdata.wholeMsg)

    def onMwiInfo(self, prm):
        say("mwi", body=prm.rdata.wholeMsg)


class Phone:
    def __init__(self):
        self.endpoint = pj.Endpoint()
        self.account = None
        self.calls = {}
        self.current = None

    def start(self, transport="udp", ip="127.0.0.1", port=0, codec=None, log=0):
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = log
        config.logConfig.consoleLevel = log
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 8
        config.medConfig.noVad = True
        config.medConfig.clockRate = 16000
        config.medConfig.ecTailLen = 0
        self.endpoint.libInit(config)
        tcfg = pj.TransportConfig()
        tcfg.port = port
        tcfg.boundAddress = ip
        kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
        self.transport = self.endpoint.transportCreate(kinds[transport], tcfg)
        self.transport_name = transport
        self.ip = ip
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        if codec:
            for one in self.endpoint.codecEnum2():
                priority = 255 if one.codecId.lower().startswith(codec.lower()) else 0
                self.endpoint.codecSetPriority(one.codecId, priority)

    def register(self, user, domain, password, server, register=True, expires=300, mwi=True, name=None,
                 auth_user=None):
        suffix = "" if self.transport_name == "udp" else f";transport={self.transport_name}"
        config = pj.AccountConfig()
        config.idUri = (f'"{name}" ' if name else "") + f"<sip:{user}@{domain}>"
        config.regConfig.registrarUri = f"sip:{domain}{suffix}"
        config.regConfig.timeoutSec = expires
        config.regConfig.registerOnAdd = register
        config.sipConfig.proxies.append(f"sip:{server};lr{suffix}")
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", "*", auth_user or user, 0, password))
        config.mwiConfig.enabled = mwi
        config.mediaConfig.transportConfig.boundAddress = self.ip
        config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.contactRewriteUse = 0
        self.account = Account(self)
        self.account.create(config)

    def unregister(self):
        self.account.setRegistration(False)

    def gone(self, call):
        if self.current is call:
            self.current = None

    def call(self, to, play=None, loop=False, record=None):
        call = Call(self, self.account)
        prm = pj.CallOpParam(True)
        prm.opt.audioCount = 1
        prm.opt.videoCount = 0
        if play:
            call.play(play, loop)
        if record:
            call.record(record)
        call.makeCall(to, prm)
        self.calls[call.getId()] = call
        self.current = call

    def answer(self, code=200, play=None, loop=False, record=None):
        if play:
            self.current.play(play, loop)
        if record:
            self.current.record(record)
        prm = pj.CallOpParam(True)
        prm.statusCode = code
        self.current.answer(prm)

    def hangup(self, code=0):
        prm = pj.CallOpParam(True)
        prm.statusCode = code
        self.current.hangup(prm)

    def hold(self):
        self.current.setHold(pj.CallOpParam(True))

    def unhold(self):
        prm = pj.CallOpParam(True)
        prm.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.current.reinvite(prm)

    def dtmf(self, digits, method="rfc2833"):
        if method == "inband":
            self.current.inband(digits)
            return
        prm = pj.CallSendDtmfParam()
        prm.digits = digits
        prm.duration = 120
        prm.method = {"rfc2833": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}[method]
        self.current.sendDtmf(prm)

    def play(self, path, loop=False):
        self.current.play(path, loop)

    def record(self, path):
        self.current.record(path)

    def refer(self, to):
        self.current.xfer(to, pj.CallOpParam(True))

    def stats(self):
        info = self.current.getStreamStat(0).rtcp
        say("stats", tx=info.txStat.pkt, rx=info.rxStat.pkt, lost=info.rxStat.loss,
            jitter_us=info.rxStat.jitterUsec.mean)


def main():
    phone = Phone()
    commands = queue.Queue()

    def read():
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put({"cmd": "quit"})

    threading.Thread(target=read, daemon=True).start()
    started = False
    while True:
        try:
            command = commands.get_nowait() if started else commands.get()
        except queue.Empty:
            phone.endpoint.libHandleEvents(10)
            continue
        name = command.pop("cmd")
        if name == "quit":
            break
        try:
            getattr(phone, name)(**command)
            started = started or name == "start"
            say("ok", cmd=name)
        except Exception as error:  # the test's driver decides what an error means
            say("error", cmd=name, text=str(error))
    os._exit(0)


if __name__ == "__main__":
    main()
