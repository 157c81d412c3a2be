//! Media of a worker behind a Service.

use std::net::UdpSocket;
use std::time::Duration;

use switchboard_tests::api_server::ApiServer;
use switchboard_tests::cluster_office::ClusterOffice;
use switchboard_tests::line::Line;
use switchboard_tests::office::{MARY, PASSWORD};
use switchboard_tests::wait_for;
use switchboard_tests::wire::Audio;
use switchboard_tests::worker::Worker;

#[tokio::test]
async fn nothing_is_sent_before_the_far_side_has_sent_and_its_first_packet_is_reported() {
    let office = ClusterOffice::open(ApiServer::shared()).await;
    office.hire(&MARY).await;
    let mut command = office.command();
    command.env("SWITCHBOARD_SEND_FIRST", "false");
    let worker = Worker::launch(&mut command, &office.path("worker.log"));
    let mut mary = Line::new(worker.sip, &MARY.handset(), PASSWORD);
    mary.register(60).unwrap();
    let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
    let audio = Audio {
        address: ear.local_addr().unwrap(),
        ssrc: None,
        events: true,
    };
    let call = mary.call("*404", &audio).unwrap();
    // The prompt would have begun by now: the media threads have had the time for some of it.
    let ticks = || worker.metric("switchboard_media_tick_seconds_count");
    let begin = ticks();
    wait_for("the media threads to go on", PATIENCE, || {
        (ticks() >= begin + 200.0).then_some(())
    });
    ear.set_nonblocking(true).unwrap();
    let mut packet = [0; 2048];
    assert!(ear.recv_from(&mut packet).is_err());
    assert!(worker.get("/report?pod=pod-1").1.contains("\"media\":null"));

    ear.set_nonblocking(false).unwrap();
    ear.set_read_timeout(Some(PATIENCE)).unwrap();
    let speech = [
        &[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7],
        &[0xff_u8; 160][..],
    ]
    .concat();
    let port = call.audio.unwrap().address;
    ear.send_to(&speech, port).unwrap();
    assert_eq!(ear.recv_from(&mut packet).unwrap().1, port);
    wait_for("the finding", PATIENCE, || {
        let report = worker.get("/report?pod=pod-1").1;
        report.contains("\"reason\":\"Heard\"").then_some(())
    });
    mary.hang_up(call).unwrap();
}

const PATIENCE: Duration = Duration::from_mins(1);
