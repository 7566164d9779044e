/* SPDX-License-Identifier: BSD-3-Clause */
/* nursery.c - builders as processes. The nursery waits for orders on one end of a pair of sockets,
 * on which a builder speaks as well; how a builder ended stands behind all that it said. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/io.h>

#include "nursery.h"

#define PATIENT_NICE 10
#define END_MS 5000 /* until a nursery that doesn't end is left to the kernel, which ends it */

enum { ORDER, WORD, ENDED };

struct message {
	uint32_t what;
	int32_t status, signal;
	uint32_t late, patient;
	uint64_t timeout_ns;
};

struct nursery {
	int socket;
	bool working;
};

/* In the nursery and its builders. */
struct inside {
	struct nursery_work work;
	int socket;
};

/* ---- Messages with descriptors ---- */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * NURSERY_FDS)];
};

static int put(
	int socket, const struct message *m, const void *p, size_t len, const int *fd, unsigned fds)
{
	union control c = { .room = { 0 } };
	struct iovec part[] = { { (void *)(uintptr_t)m, sizeof(*m) },
		{ (void *)(uintptr_t)p, len } };
	struct msghdr h = { .msg_iov = part, .msg_iovlen = len > 0 ? 2 : 1 };
	if (fds > 0) {
		h.msg_control = c.room;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		c.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int) * fds),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&c.head), fd, sizeof(int) * fds);
	}
	ssize_t n;
	do
		n = sendmsg(socket, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static unsigned descriptors(struct msghdr *h, int fd[NURSERY_FDS])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	unsigned fds = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fd, CMSG_DATA(c), sizeof(int) * fds);
	return fds;
}

/* Bytes of p; -EAGAIN; -EPIPE: the other end is no more, or doesn't speak as it should. */
static ssize_t get(int socket, struct message *m, void *p, size_t cap, int fd[NURSERY_FDS],
	unsigned *fds, int flags)
{
	union control c;
	struct iovec part[] = { { m, sizeof(*m) }, { p, cap } };
	struct msghdr h = { .msg_iov = part,
		.msg_iovlen = 2,
		.msg_control = c.room,
		.msg_controllen = sizeof(c.room) };
	ssize_t n = recvmsg(socket, &h, MSG_CMSG_CLOEXEC | flags);
	*fds = 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n > 0)
		*fds = descriptors(&h, fd);
	return n < (ssize_t)sizeof(*m) ? -EPIPE : n - (ssize_t)sizeof(*m);
}

/* ---- The builder ---- */

static void be_patient(void)
{
	static const char first[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	(void)setpriority(PRIO_PROCESS, 0, PATIENT_NICE);
	if (fd < 0)
		return;
	(void)sl_io_write(fd, first, sizeof(first) - 1);
	close(fd);
}

static void builder(const struct inside *in, int order, bool patient, pid_t nursery)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "sl-builder");
	if (getppid() != nursery)
		_exit(EXIT_FAILURE);
	if (patient)
		be_patient();
	_exit(in->work.build(in->work.arg, order, in->socket));
}

int nursery_say(int sensor, const void *p, size_t len, const int *fd, unsigned fds)
{
	const struct message m = { .what = WORD };
	return len <= NURSERY_SAID && fds <= NURSERY_FDS ? put(sensor, &m, p, len, fd, fds)
							 : -EINVAL;
}

/* ---- The nursery ---- */

/* The sensor says when to end. */
static void signals_reset(void)
{
	sigset_t none;
	sigemptyset(&none);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Until the builder has ended, or the sensor has, or its time is up. The pipe's other end is open
 * in the builder alone. */
static void attend(struct inside *in, pid_t pid, int pipe, uint64_t until_ns, bool *late)
{
	struct pollfd wait[2] = { { .fd = pipe }, { .fd = in->socket, .events = POLLRDHUP } };
	while (!(wait[0].revents & (POLLHUP | POLLERR))) {
		uint64_t now_ns = sl_clock_mono_ns();
		*late = now_ns >= until_ns;
		if (*late || wait[1].revents & (POLLHUP | POLLERR | POLLRDHUP)) {
			(void)kill(pid, SIGKILL);
			return;
		}
		uint64_t left_ms = (until_ns - now_ns) / 1000000 + 1;
		(void)poll(wait, 2, left_ms < 3600000 ? (int)left_ms : 3600000);
	}
}

static void bear(struct inside *in, const struct message *order, int fd)
{
	struct message end = { .what = ENDED, .status = -1 };
	bool late = false;
	int pipe[2], how = 0;
	pid_t self = getpid(), pid = -1;
	uint64_t until_ns = sl_clock_mono_ns() + order->timeout_ns;
	if (pipe2(pipe, O_CLOEXEC) == 0) {
		pid = fork();
		if (pid == 0) {
			close(pipe[0]);
			builder(in, fd, order->patient != 0, self);
		}
		close(pipe[1]);
		if (pid > 0)
			attend(in, pid, pipe[0], until_ns, &late);
		close(pipe[0]);
	}
	while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(how))
		end.status = WEXITSTATUS(how);
	if (pid > 0 && WIFSIGNALED(how))
		end.signal = WTERMSIG(how);
	end.late = late;
	if (put(in->socket, &end, NULL, 0, NULL, 0) < 0)
		_exit(EXIT_SUCCESS);
}

static void nursery(struct inside *in)
{
	struct message order;
	int fd[NURSERY_FDS];
	unsigned fds;
	char none;
	(void)prctl(PR_SET_NAME, "sl-nursery");
	signals_reset();
	if (in->work.ready != NULL && in->work.ready(in->work.arg) < 0)
		_exit(EXIT_FAILURE);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* undone where a process changes who it is */
	for (;;) {
		ssize_t n = get(in->socket, &order, &none, 1, fd, &fds, 0);
		if (n == -EAGAIN)
			continue;
		if (n != 0 || order.what != ORDER || fds != 1)
			_exit(EXIT_SUCCESS);
		bear(in, &order, fd[0]);
		close(fd[0]);
	}
}

/* ---- The sensor ---- */

int nursery_new(struct nursery **out, const struct nursery_work *work)
{
	int pair[2];
	struct nursery *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	int rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
	if (rc < 0)
		goto fail;
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		nursery(&(struct inside){ .work = *work, .socket = pair[1] });
	}
	rc = pid < 0 ? -errno : 0;
	close(pair[1]);
	n->socket = pair[0];
	if (rc == 0) {
		*out = n;
		return 0;
	}
	close(pair[0]);
fail:
	free(n);
	return rc;
}

static void let_go(struct nursery_look *l)
{
	while (l->fds > 0)
		close(l->fd[--l->fds]);
}

/* It is gone once nobody holds the other end. */
void nursery_free(struct nursery *n)
{
	static struct nursery_look last;
	if (n == NULL)
		return;
	struct pollfd wait = { .fd = n->socket, .events = POLLIN };
	enum nursery_news news = NURSERY_NOTHING;
	n->working = true;
	(void)shutdown(n->socket, SHUT_WR);
	while (news != NURSERY_GONE && poll(&wait, 1, END_MS) != 0) {
		news = nursery_look(n, &last, false);
		n->working = true;
		let_go(&last);
	}
	close(n->socket);
	free(n);
}

int nursery_order(
	struct nursery *n, const void *order, size_t len, uint64_t timeout_ns, bool patient)
{
	const struct message m = { .what = ORDER, .timeout_ns = timeout_ns, .patient = patient };
	if (n->working)
		return -EBUSY;
	int fd = memfd_create("order", MFD_CLOEXEC);
	int rc = fd < 0 ? -errno : sl_io_write(fd, order, len);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc == 0)
		rc = put(n->socket, &m, NULL, 0, &fd, 1);
	if (fd >= 0)
		close(fd);
	n->working = rc == 0;
	return rc == -ECONNRESET ? -EPIPE : rc;
}

enum nursery_news nursery_look(struct nursery *n, struct nursery_look *out, bool wait)
{
	struct message m;
	out->len = out->fds = 0;
	if (!n->working)
		return NURSERY_NOTHING;
	ssize_t got = get(n->socket, &m, out->said, sizeof(out->said), out->fd, &out->fds,
		wait ? 0 : MSG_DONTWAIT);
	if (got == -EAGAIN)
		return NURSERY_NOTHING;
	if (got >= 0 && m.what == WORD) {
		out->len = (size_t)got;
		return NURSERY_WORD;
	}
	let_go(out);
	n->working = false;
	if (got != 0 || m.what != ENDED)
		return NURSERY_GONE;
	out->status = m.status;
	out->signal = m.signal;
	out->late = m.late != 0;
	return NURSERY_ENDED;
}
