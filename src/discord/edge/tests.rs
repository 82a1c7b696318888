use super::*;

/// One address, second by second.
struct Day {
    edge: Edge,
    now: Instant,
}

impl Day {
    fn new() -> Self {
        Self { edge: Edge::default(), now: Instant::now() }
    }

    fn pass(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn room(&mut self) -> usize {
        self.edge.room(self.now).now
    }

    fn go(&mut self) -> Pass {
        assert!(self.room() > 0, "nothing may go");
        self.edge.go(self.now)
    }

    fn land(&mut self, pass: Pass, met: Met) {
        self.edge.landed(pass, met, self.now, 0.5);
    }

    fn meet(&mut self, met: Met) {
        let pass = self.go();
        self.land(pass, met);
    }

    /// How long nothing may go.
    fn wait(&mut self) -> f64 {
        let again = self.edge.room(self.now).again.expect("time will tell");
        let left = again - self.now;
        self.now = again;
        left.as_secs_f64()
    }
}

#[test]
fn under_a_bar_one_at_a_time_finds_out_after_growing_pauses() {
    let mut day = Day::new();
    day.meet(Met::Bar(None));
    let mut pauses = Vec::new();
    for _ in 0..9 {
        assert_eq!(day.room(), 0);
        pauses.push(day.wait().round());
        let probe = day.go();
        assert_eq!(day.room(), 0, "there is one probe at a time");
        day.land(probe, Met::Bar(None));
    }
    assert_eq!(pauses, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0]);
    let told = day.edge.take_news();
    assert_eq!(told.iter().filter(|news| matches!(news, News::Barred { .. })).count(), 1);
    assert_eq!(told.len(), 8, "and a longer pause is told once: {told:?}");
}

#[test]
fn what_was_under_way_when_the_bar_began_makes_it_no_longer() {
    let mut day = Day::new();
    let under_way: Vec<Pass> = (0..80).map(|_| day.go()).collect();
    for pass in under_way {
        day.land(pass, Met::Bar(None));
    }
    assert!(day.wait() < 1.3);
}

#[test]
fn a_bar_lasts_as_long_as_it_says() {
    let mut day = Day::new();
    let late = day.go();
    day.meet(Met::Bar(Some(Duration::from_secs(60))));
    day.land(late, Met::Bar(Some(Duration::from_secs(90))));
    assert!((day.wait() - 90.0).abs() < 0.01);
    day.meet(Met::Bar(Some(Duration::from_secs(1))));
    assert!(day.wait() > 1.5, "and no shorter than the pause");
}

#[test]
fn after_a_bar_requests_go_out_by_and_by() {
    let mut day = Day::new();
    day.meet(Met::Bar(None));
    day.wait();
    day.meet(Met::Discord);
    assert_eq!(day.room(), 2);
    day.meet(Met::Discord);
    day.meet(Met::Nothing);
    let (one, _other) = (day.go(), day.go());
    assert_eq!(day.room(), 2, "four may go side by side, and two do");
    day.land(one, Met::Bar(None));
    assert_eq!(day.room(), 0, "a bar that comes back stops all");
    assert!(day.wait() > 1.5, "for longer than before");
    day.meet(Met::Discord);
    for _ in 0..6 {
        day.meet(Met::Discord);
    }
    assert_eq!(day.room(), usize::MAX);
    day.pass(3_600.0);
    day.meet(Met::Bar(None));
    assert!(day.wait() < 1.3, "long after, a bar is a new one");
}

#[test]
fn a_probe_that_is_lost_is_made_again() {
    let mut day = Day::new();
    day.meet(Met::Bar(None));
    day.wait();
    day.meet(Met::Nothing);
    assert!(day.wait() < 1.3);
    assert_eq!(day.room(), 1);
}

#[test]
fn pages_that_forbid_one_thing_stop_nothing_else_and_pages_that_forbid_many_stop_all() {
    let mut day = Day::new();
    for _ in 0..10 {
        day.meet(Met::Page(1));
        day.meet(Met::Page(2));
        day.meet(Met::Discord);
    }
    for _ in 0..10 {
        day.meet(Met::Page(1));
    }
    assert_eq!(day.room(), usize::MAX);
    day.meet(Met::Page(2));
    assert_eq!(day.room(), 0);
    day.wait();
    day.meet(Met::Page(1));
    assert_eq!(day.room(), 0, "a page is what the probe of a bar meets");
}

/// Everything is refused, with as many requests as may go, for an hour; how many were refused in the worst ten minutes.
#[test]
fn however_much_is_refused_the_address_is_never_banned() {
    let mut day = Day::new();
    let start = day.now;
    let mut refused: VecDeque<Instant> = VecDeque::new();
    let mut worst = 0;
    while day.now < start + Duration::from_secs(3_600) {
        // Fifty a second come at most.
        for _ in 0..50 {
            if day.room() == 0 {
                break;
            }
            day.meet(Met::Discord);
            day.edge.count_refusal(day.now);
            refused.push_back(day.now);
        }
        while refused.pop_front_if(|then| *then + WINDOW <= day.now).is_some() {}
        worst = worst.max(refused.len());
        day.pass(1.0);
    }
    assert!((5_000..10_000).contains(&worst), "{worst}");
    let told = day.edge.take_news();
    assert!(matches!(told[0], News::Slowed { refused: 5_000 }), "{told:?}");
    assert!(told.len() <= 20, "it is told when it changes: {}", told.len());
    day.pass(700.0);
    assert_eq!(day.room(), usize::MAX, "and it passes");
}

#[test]
fn few_refusals_slow_nobody_down() {
    let mut day = Day::new();
    for _ in 0..4_999 {
        day.edge.count_refusal(day.now);
    }
    assert_eq!((day.room(), day.edge.refused(day.now)), (usize::MAX, 4_999));
    day.edge.count_refusal(day.now);
    assert_eq!(day.room(), 1);
    day.go();
    let pause = day.wait();
    assert!(pause > 0.1 && pause < 0.2, "what remains is spread over the window: {pause}");
}
