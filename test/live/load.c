/*
 * Short connections on loopback, in order to load a capture: clients and servers in one thread.
 *
 *     load COUNT SECONDS PORT PORT PORT PORT
 *
 * COUNT connections within SECONDS, evenly, to four ports by turns. On each port a close of its own: the server closes first;
 * the client does; the client shuts down its half, is answered after that, and the server closes; the client resets. Prints
 * {"made": ..., "failed": ..., "seconds": ...}: those that went through as planned, and others. Ends by itself 30 s after SECONDS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 4, CLIENT_ADDRESSES = 5, MOST_AT_ONCE = 400, MOST_FILES = 4096, MOST_EVENTS = 256 };
enum { SERVER_FIRST, CLIENT_FIRST, HALF_CLOSE, RESET };
enum role { NONE, LISTENER, SERVER, CONNECTING, CLIENT };

static struct { enum role role; int port; int answered; } files[MOST_FILES];
static int ports[PORTS];
static int queue;
static long made, failed, open_clients;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void follow(int fd, enum role role, int port, unsigned events) {
    struct epoll_event event = { .events = events, .data.fd = fd };
    if (fd >= MOST_FILES) die("too many files");
    files[fd].role = role;
    files[fd].port = port;
    files[fd].answered = 0;
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void end(int fd) {
    files[fd].role = NONE;
    close(fd);
}

static void end_client(int fd, int as_planned) {
    if (as_planned) made++;
    else failed++;
    open_clients--;
    end(fd);
}

static struct sockaddr_in address(int last, int port) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    a.sin_addr.s_addr = htonl(0x7f000000u + (unsigned)last);
    return a;
}

static void serve(int port) {
    struct sockaddr_in a = address(1, ports[port]);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) die("socket");
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4096) < 0) die("listen");
    follow(fd, LISTENER, port, EPOLLIN);
}

static void begin(long number) {
    int port = (int)(number % PORTS), one = 1;
    struct sockaddr_in from = address(2 + (int)(number / PORTS % CLIENT_ADDRESSES), 0), to = address(1, ports[port]);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    /* The port is chosen by connect(), which knows where to: one that has a TIME_WAIT elsewhere may do. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
    open_clients++;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        open_clients--;
        failed++;
        close(fd);
        return;
    }
    follow(fd, CONNECTING, port, EPOLLIN | EPOLLOUT | EPOLLET);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) follow(fd, SERVER, files[listener].port, EPOLLIN | EPOLLET);
}

static void server_step(int fd) {
    char bytes[16];
    int port = files[fd].port;
    for (;;) {
        ssize_t length = read(fd, bytes, sizeof bytes);
        if (length < 0 && errno == EAGAIN) return;
        if (length <= 0) {
            if (port == HALF_CLOSE && length == 0 && write(fd, "ok", 2) != 2) perror("answer");
            end(fd);
            return;
        }
        if (port == HALF_CLOSE) continue; /* it answers when the client has sent all */
        if (write(fd, "ok", 2) != 2) perror("answer");
        if (port == SERVER_FIRST) {
            end(fd);
            return;
        }
    }
}

static void client_step(int fd, unsigned events) {
    char bytes[16];
    int port = files[fd].port;
    if (files[fd].role == CONNECTING) {
        if (events & EPOLLERR) {
            end_client(fd, 0);
            return;
        }
        if (!(events & EPOLLOUT)) return;
        files[fd].role = CLIENT;
        if (write(fd, "hi", 2) != 2) {
            end_client(fd, 0);
            return;
        }
        if (port == HALF_CLOSE) shutdown(fd, SHUT_WR);
    }
    for (;;) {
        ssize_t length = read(fd, bytes, sizeof bytes);
        if (length < 0 && errno == EAGAIN) return;
        if (length <= 0) {
            end_client(fd, length == 0 && files[fd].answered && (port == SERVER_FIRST || port == HALF_CLOSE));
            return;
        }
        files[fd].answered = 1;
        if (port == CLIENT_FIRST || port == RESET) {
            struct linger at_once = { 1, 0 };
            if (port == RESET) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            end_client(fd, 1);
            return;
        }
    }
}

int main(int argc, char **argv) {
    struct epoll_event events[MOST_EVENTS];
    struct rlimit limit = { MOST_FILES, MOST_FILES };
    long count, begun = 0;
    double seconds, start;
    if (argc != 3 + PORTS) {
        fprintf(stderr, "load COUNT SECONDS PORT PORT PORT PORT\n");
        return 2;
    }
    count = atol(argv[1]);
    seconds = atof(argv[2]);
    setrlimit(RLIMIT_NOFILE, &limit);
    queue = epoll_create1(0);
    for (int i = 0; i < PORTS; i++) {
        ports[i] = atoi(argv[3 + i]);
        serve(i);
    }
    start = now();
    while (made + failed < count) {
        double elapsed = now() - start;
        long due = elapsed >= seconds ? count : (long)((double)count * elapsed / seconds);
        if (elapsed > seconds + 30) break;
        while (begun < due && open_clients < MOST_AT_ONCE) begin(begun++);
        int ready = epoll_wait(queue, events, MOST_EVENTS, 2);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            switch (files[fd].role) {
            case LISTENER: accept_all(fd); break;
            case SERVER: server_step(fd); break;
            case CONNECTING:
            case CLIENT: client_step(fd, events[i].events); break;
            case NONE: break;
            }
        }
    }
    double took = now() - start;
    /* The servers end what is left of the last ones. */
    for (double until = now() + 0.5; now() < until;) {
        int ready = epoll_wait(queue, events, MOST_EVENTS, 50);
        for (int i = 0; i < ready; i++) if (files[events[i].data.fd].role == SERVER) server_step(events[i].data.fd);
    }
    printf("{\"made\":%ld,\"failed\":%ld,\"seconds\":%.3f}\n", made, failed, took);
    return 0;
}
